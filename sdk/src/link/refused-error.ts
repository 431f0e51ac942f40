import { type ErrorCode, isRetryable } from '@backside/protocol';

/** What a refusal says besides its code. */
export interface RefusalDetails {
  readonly message?: string | undefined;
  readonly trace?: string | null | undefined;
  readonly retryAfterMs?: number | null | undefined;
}

/** The server refused a write, a listen or a sign-in. What was refused has changed nothing. */
export class RefusedError extends Error {
  /** From the server's table of errors; a server that is newer than this client may have others. */
  readonly code: ErrorCode;
  /** Names the explanation of a denial, for `backside rules explain`. */
  readonly trace: string | null;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
  /** In how many milliseconds another try may be worth it, where the server said so. */
  readonly retryAfterMs: number | null;

  constructor(code: string, details: RefusalDetails = {}) {
    super(details.message ?? code);
    this.name = 'RefusedError';
    this.code = code as ErrorCode;
    this.trace = details.trace ?? null;
    this.retry = isRetryable(code);
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** The connection was closed for good before the outcome was known. */
export class ClosedError extends Error {
  constructor() {
    super('the connection is closed');
    this.name = 'ClosedError';
  }
}
