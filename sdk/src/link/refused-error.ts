import { ERRORS, type ErrorCode } from '@backside/protocol';

/** What a refusal says besides its code. */
export interface RefusalDetails {
  readonly message?: string | undefined;
  readonly trace?: string | null | undefined;
  readonly retryAfterMs?: number | null | undefined;
}

/** The server refused a write, a listen or a sign-in. What was refused has changed nothing. */
export class RefusedError extends Error {
  /** From the server's table of errors; `internal` for a code that this version does not know. */
  readonly code: ErrorCode;
  /** Names the explanation of a denial, for `backside rules explain`. */
  readonly trace: string | null;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** In how many milliseconds another try may be worth it, where the server said so. */
  readonly retryAfterMs: number | null;

  constructor(code: string, details: RefusalDetails = {}) {
    const known = isErrorCode(code) ? code : 'internal';
    super(details.message ?? ERRORS[known].stompMessage);
    this.name = 'RefusedError';
    this.code = known;
    this.trace = details.trace ?? null;
    this.retry = ERRORS[known].retry;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The connection was closed for good before the outcome was known. */
export class ClosedError extends Error {
  constructor() {
    super('the connection is closed');
    this.name = 'ClosedError';
  }
}
