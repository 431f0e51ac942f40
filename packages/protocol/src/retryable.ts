import type { ErrorCode } from './errors.js';

const RETRYABLE: ReadonlySet<string> = new Set<ErrorCode>([
  'limit-exceeded',
  'rate-limited',
  'slow-consumer',
  'timeout',
  'shutting-down',
  'unavailable',
  'internal',
]);

/** `ERRORS[code].retry`, for clients that do not carry the whole table. A code that this version does not know is not retryable. */
export function isRetryable(code: string): boolean {
  return RETRYABLE.has(code);
}
