import { randomUUID } from 'node:crypto';
import { type BacksideError, ERRORS, type ErrorCode, HEADERS, type Logger, toBacksideError } from '@backside/protocol';

/** What is answered in place of what was asked for: `{"error": "…"}`, as Firebase does. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  /** The code of the one table, the name of the explanation, and when to try again. */
  readonly headers: Readonly<Record<string, string>>;
}

export const NOT_JSON = "Invalid data; couldn't parse JSON object, array, or value.";

/** Statuses that clients of Firebase expect, where the one table has others. */
const STATUS: Partial<Record<ErrorCode, number>> = { 'permission-denied': 401, timeout: 400 };

/** Texts that clients of Firebase know. */
const TEXT: Partial<Record<ErrorCode, string>> = {
  'permission-denied': 'Permission denied',
  internal: 'Internal server error',
};

/** What has no code in the one table is `internal`, without its text; the log has it under the trace that the client is given. */
export function refusalOf(thrown: unknown, logger: Logger): Refusal {
  const error = toBacksideError(thrown);
  const { code } = error;
  const trace = code === 'internal' ? randomUUID() : error.trace;
  if (code === 'internal') logger.error({ err: thrown, trace }, 'a request failed');
  const status = STATUS[code] ?? ERRORS[code].httpStatus;
  return {
    status,
    text: TEXT[code] ?? textOf(error),
    headers: {
      [HEADERS.code]: code,
      ...(trace !== undefined && { [HEADERS.trace]: trace }),
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...retryHeader(error),
    },
  };
}

function textOf({ code, message }: BacksideError): string {
  return code === 'invalid-path' ? `Invalid path: ${message}` : message;
}

function retryHeader({ code, retryAfterMs }: BacksideError): Record<string, string> {
  if (ERRORS[code].httpStatus !== 429 && retryAfterMs === undefined) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000))) };
}
