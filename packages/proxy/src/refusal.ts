import { type BacksideError, type ErrorCode, ERRORS, HEADERS } from '@backside/protocol';
import { canWriteHeader, formatHeaders, type Version } from '@backside/stomp';

/** Refusals of single operations: a client that listens to `/.errors` survives them. Anything else breaks the protocol. */
const OPERATION_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-path',
  'invalid-data',
  'invalid-query',
  'no-index',
  'too-large',
  'limit-exceeded',
  'rate-limited',
  'unauthenticated',
  'permission-denied',
  'precondition-failed',
  'idempotency-conflict',
  'not-found',
  'timeout',
  'unavailable',
  'internal',
]);

export function isOperationError(code: ErrorCode): boolean {
  return OPERATION_ERRORS.has(code);
}

/** What a refusal says besides its reason. */
export interface RefusalDetails {
  /** The receipt that the refused frame had asked for. */
  readonly receipt?: string | undefined;
  /** The subscription that it is about. */
  readonly subscription?: string | undefined;
}

/** Command and headers of the ERROR frame, and its body: the reason as text. */
export function errorFrame(
  error: BacksideError,
  details: RefusalDetails & { readonly version: Version; readonly extra?: readonly (readonly [string, string])[] },
): { head: string; body: Uint8Array } {
  const body = Buffer.from(error.message);
  const headers: (readonly [string, string])[] = [['message', ERRORS[error.code].stompMessage]];
  if (details.receipt !== undefined) headers.push(['receipt-id', details.receipt]);
  if (details.subscription !== undefined) headers.push(['subscription', details.subscription]);
  headers.push(...(details.extra ?? []), [HEADERS.code, error.code]);
  if (error.trace !== undefined) headers.push([HEADERS.trace, error.trace]);
  headers.push(['content-type', 'text/plain;charset=utf-8']);
  const writable = headers.filter(([name, value]) => canWriteHeader(name, value, details.version));
  return { head: `ERROR\n${formatHeaders(writable, details.version)}content-length:${body.byteLength}\n`, body };
}

/** The refusal as the body of a MESSAGE on `/.errors`. */
export function refusalBody(error: BacksideError, { subscription }: RefusalDetails): Uint8Array {
  return Buffer.from(JSON.stringify({ code: error.code, message: error.message, trace: error.trace, subscription }));
}
