import { BacksideError, ERRORS, toBacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';

/** What a failure that nobody foresaw says to clients; what happened is in the log only. */
const GENERIC_MESSAGE = 'Internal error occured, please try again later';

/** A refusal in the form of the legacy API: `{status, message, code?, …}` with that HTTP status. */
export class LegacyError extends Error {
  readonly status: number;
  /** One of the original's words, e.g. EXPIRED, NOLOGIN, ACL; absent for most. */
  readonly code: string | undefined;
  /** Further fields of the body. */
  readonly fields: Readonly<Record<string, Json>>;

  constructor(status: number, message: string, code?: string, fields: Readonly<Record<string, Json>> = {}) {
    super(message);
    this.name = 'LegacyError';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** The body that clients get. */
  toJSON(): { [key: string]: Json } {
    return {
      ...this.fields,
      status: this.status,
      message: this.message,
      ...(this.code !== undefined && { code: this.code }),
    };
  }
}

/** The refusal that a parameter is missing. */
export function required(name: string): LegacyError {
  return new LegacyError(400, `${name} is required`);
}

/**
 * Any error as clients may see it. Refusals of the tree keep their status and text; everything unknown becomes 500 with one text,
 * and is then to be logged: see `isUnforeseen`.
 */
export function toLegacyError(error: unknown): LegacyError {
  if (error instanceof LegacyError) return error;
  const known = toBacksideError(error);
  if (known.code === 'internal') return new LegacyError(500, GENERIC_MESSAGE);
  return new LegacyError(ERRORS[known.code].httpStatus, known.message);
}

/** Whether the error says something about the server rather than about the request. */
export function isUnforeseen(error: unknown): boolean {
  if (error instanceof LegacyError) return error.status >= 500 && error.cause !== undefined;
  return !(error instanceof BacksideError) || toLegacyError(error).status === 500;
}
