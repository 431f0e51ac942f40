/**
 * Why input is refused or output cannot be written.
 * - `invalid-frame`: the octets are no frame of the version in use.
 * - `too-large`: a limit of the parser is exceeded.
 * - `invalid-header`: a header cannot be expressed in the version in use (writing only).
 */
export type StompErrorCode = 'invalid-frame' | 'too-large' | 'invalid-header';

/** By what its sender knows a frame again, as far as that could be read of one that was refused. */
export interface FrameNames {
  /** Its `receipt` header: the value for `receipt-id` of the ERROR. */
  readonly receipt?: string | undefined;
  /** The `id` header of a SUBSCRIBE. */
  readonly subscription?: string | undefined;
}

/** A frame that was refused. `message` is short and holds nothing of the input, so it may go into an ERROR frame. */
export class StompError extends Error {
  readonly code: StompErrorCode;
  /** The offending frame. */
  readonly frame: FrameNames;

  constructor(code: StompErrorCode, message: string, frame: FrameNames = {}) {
    super(message);
    this.name = 'StompError';
    this.code = code;
    this.frame = frame;
  }
}
