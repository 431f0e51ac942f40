import { HEADERS } from '@backside/protocol';
import { RefusedError } from './refused-error.js';
import type { Headers } from './session.js';

/** The refusal that a MESSAGE of `/.errors` tells of, and the subscription that it is about. */
export function refusalIn(headers: Headers, body: string): { error: RefusedError; subscription: string | undefined } {
  const { message, subscription } = JSON.parse(body) as { message?: string; subscription?: string };
  return { error: refusal(headers, message), subscription };
}

/** The refusal that an ERROR frame tells of. */
export function refusalOf(headers: Headers, body: string): RefusedError {
  return refusal(headers, body || headers.get('message'));
}

function refusal(headers: Headers, message: string | undefined): RefusedError {
  const retryAfter = headers.get(HEADERS.retryAfter);
  return new RefusedError(headers.get(HEADERS.code) ?? 'internal', {
    message,
    trace: headers.get(HEADERS.trace),
    retryAfterMs: retryAfter === undefined ? null : Number(retryAfter),
  });
}
