/** What one image may cost. Beyond any of them it is refused with `too-large`, or `timeout` for the time. */
export interface ImageLimits {
  /** Of the file. */
  readonly maxBytes: number;
  /** Width times height of one frame. */
  readonly maxPixels: number;
  /** Frames of an animation. */
  readonly maxFrames: number;
  /** Width times height times frames. */
  readonly maxTotalPixels: number;
  /** Width and height of what is made. */
  readonly maxOutputSide: number;
  /** Width times height times frames of what is made in a format that takes long: avif, gif, and animated webp. */
  readonly maxCostlyPixels: number;
  /** Time that the work on one image may take, once it has begun; whole seconds. */
  readonly timeoutSeconds: number;
  /** Images that are worked on at the same time. */
  readonly maxRunning: number;
  /** Images that wait for their turn; beyond that, `rate-limited`. */
  readonly maxWaiting: number;
}

export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  maxBytes: 20 * 1024 * 1024,
  maxPixels: 40_000_000,
  maxFrames: 200,
  maxTotalPixels: 100_000_000,
  maxOutputSide: 10_000,
  maxCostlyPixels: 8_000_000,
  timeoutSeconds: 10,
  maxRunning: 2,
  maxWaiting: 64,
};
