/** What one frame may hold, in octets unless the name says otherwise. What exceeds a limit is refused before it is buffered. */
export interface ParserLimits {
  readonly maxCommandBytes: number;
  /** Number of header lines. */
  readonly maxHeaders: number;
  /** One header line without its line end. */
  readonly maxHeaderLineBytes: number;
  /** Command and all header lines together, with their line ends. */
  readonly maxHeaderSectionBytes: number;
  readonly maxBodyBytes: number;
}

/** For a peer that is not yet known: no more than 64 KiB altogether. */
export const LIMITS_BEFORE_CONNECT: ParserLimits = {
  maxCommandBytes: 32,
  maxHeaders: 64,
  maxHeaderLineBytes: 16 * 1024,
  maxHeaderSectionBytes: 48 * 1024,
  maxBodyBytes: 16 * 1024,
};

/** For a peer that has connected. */
export const LIMITS_AFTER_CONNECT: ParserLimits = {
  maxCommandBytes: 32,
  maxHeaders: 256,
  maxHeaderLineBytes: 64 * 1024,
  maxHeaderSectionBytes: 128 * 1024,
  maxBodyBytes: 16 * 1024 * 1024,
};
