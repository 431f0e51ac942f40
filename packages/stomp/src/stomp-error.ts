/**
 * Why input is refused or output cannot be written.
 * - `invalid-frame`: the octets are no frame of the version in use.
 * - `too-large`: a limit of the parser is exceeded.
 * - `invalid-header`: a header cannot be expressed in the version in use (writing only).
 */
export type StompErrorCode = 'invalid-frame' | 'too-large' | 'invalid-header';

/** A frame that was refused. `message` is short and holds nothing of the input, so it may go into an ERROR frame. */
export class StompError extends Error {
  readonly code: StompErrorCode;
  /** The `receipt` header of the offending frame, when it could be read: the value for `receipt-id` of the ERROR. */
  readonly receiptId: string | undefined;

  constructor(code: StompErrorCode, message: string, receiptId?: string) {
    super(message);
    this.name = 'StompError';
    this.code = code;
    this.receiptId = receiptId;
  }
}
