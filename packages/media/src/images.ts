import type { ByteSource } from './blob-store.js';
import type { ImageFormat } from './image-format.js';
import type { ImageLimits } from './image-limits.js';

export interface ImageInfo {
  readonly format: ImageFormat;
  readonly contentType: string;
  /** Pixels, as it is shown: after the rotation that its metadata asks for. */
  readonly width: number;
  readonly height: number;
  /** 1 unless it is animated. */
  readonly frames: number;
}

/** How a picture is put into a box, as `object-fit` in CSS; `inside` and `outside` only resize, keeping the ratio. */
export type ImageFit = 'cover' | 'contain' | 'fill' | 'inside' | 'outside';

export interface ImageTransform {
  /** Pixels. With one of them the other follows from the ratio. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Default `inside`. */
  readonly fit?: ImageFit | undefined;
  /** Default: that of the input. Only gif and webp keep an animation; the others take its first frame. */
  readonly format?: ImageFormat | undefined;
  /** 1 to 100. Default 80; avif 50. Means nothing for png and gif. */
  readonly quality?: number | undefined;
  /** Degrees clockwise, a multiple of 90, on top of what the metadata asks for. Refused for animations. */
  readonly rotate?: number | undefined;
  /** From -100, black, to 100, white. Default 0. */
  readonly brightness?: number | undefined;
  /** From -100, all grey, to 100, only full and no light in each colour. Default 0. */
  readonly contrast?: number | undefined;
  /** Whether a smaller picture grows. Default false. */
  readonly enlarge?: boolean | undefined;
  /** Behind what is transparent or left over by `contain`: `#rrggbb`. Default transparent, black where the format has no transparency. */
  readonly background?: string | undefined;
}

export interface TransformedImage {
  readonly bytes: Buffer;
  readonly info: ImageInfo;
}

/**
 * Reads and makes pictures off the event loop, only so many at a time. Every method refuses with `invalid-data` what is no image of a
 * known format, is broken, or cannot be transformed so; with `too-large`, `timeout` or `rate-limited` beyond the limits.
 */
export interface Images {
  readonly limits: ImageLimits;

  /** What the headers say; the pixels are not looked at. */
  read(input: Uint8Array | ByteSource): Promise<ImageInfo>;

  /** The same, after every pixel of the first frame was decoded once: a cut-off file is refused. */
  verify(input: Uint8Array | ByteSource): Promise<ImageInfo>;

  /** Another picture, upright and without any metadata: no place, no camera, no comment, no colour profile but sRGB. */
  transform(input: Uint8Array | ByteSource, transform: ImageTransform): Promise<TransformedImage>;
}
