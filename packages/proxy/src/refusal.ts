import { BacksideError, ERRORS, type ErrorCode, HEADERS, type Logger, toBacksideError } from '@backside/protocol';
import { type Frame, type FrameNames, formatWritableHeaders, namesOf, VERSIONS, type Version } from '@backside/stomp';
import { assembleFrame } from './framing.js';
import type { Framing } from './transport.js';

/** Refusals of single operations: a client that listens to `/.errors` survives them. Anything else breaks the protocol. */
const OPERATION_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-header',
  'invalid-path',
  'invalid-data',
  'invalid-query',
  'no-index',
  'too-large',
  'limit-exceeded',
  'rate-limited',
  'unauthenticated',
  'second-factor-required',
  'reauthentication-required',
  'expired',
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

/** What a refusal is about. */
export type RefusalDetails = FrameNames;

/** What the refusal of this frame says. */
export function detailsOf({ command, headers }: Frame): RefusalDetails {
  return namesOf(command, (name) => headers.get(name));
}

/** The receiving end of an ERROR. */
interface Recipient {
  readonly version: Version;
  readonly transport: { readonly framing: Framing };
}

/** The ERROR frame for a refusal: what the table of errors says in its headers, the reason as text in its body. */
export function errorOctets(
  error: BacksideError,
  details: RefusalDetails,
  { version, transport }: Recipient,
): Uint8Array {
  const body = Buffer.from(textOf(error));
  const headers: (readonly [string, string])[] = [['message', ERRORS[error.code].stompMessage]];
  if (details.receipt !== undefined) headers.push(['receipt-id', details.receipt]);
  if (details.subscription !== undefined) headers.push(['subscription', details.subscription]);
  if (error.code === 'unsupported-version') headers.push(['version', VERSIONS.join(',')]);
  headers.push([HEADERS.code, error.code]);
  headers.push(...adviceOf(error), ['content-type', 'text/plain;charset=utf-8']);
  const head = `ERROR\n${formatWritableHeaders(headers, version)}content-length:${body.byteLength}\n`;
  return assembleFrame(transport.framing, head, body);
}

/** The headers that say where the refusal is explained, and in how many milliseconds another try may be worth it. */
export function adviceOf({ trace, retryAfterMs }: BacksideError): [string, string][] {
  const headers: [string, string][] = [];
  if (trace !== undefined) headers.push([HEADERS.trace, trace]);
  if (retryAfterMs !== undefined) headers.push([HEADERS.retryAfter, String(retryAfterMs)]);
  return headers;
}

/** For people who see nothing but the text. */
function textOf({ message, trace }: BacksideError): string {
  return trace === undefined ? message : `${message} (trace ${trace})`;
}

/** An error as the client may see it; unknown ones are logged, under a trace that the client is told. */
export function knownError(
  context: { readonly logger: Logger; readonly newId: () => string },
  cause: unknown,
): BacksideError {
  const error = toBacksideError(cause);
  if (error.code !== 'internal' || error.trace !== undefined) return error;
  const trace = context.newId();
  context.logger.error({ err: error.cause ?? error, trace }, 'a frame could not be served');
  return new BacksideError('internal', error.message, { cause: error.cause, trace });
}

/** The refusal as the body of a MESSAGE on `/.errors`. */
export function refusalBody(error: BacksideError, { subscription }: RefusalDetails): Uint8Array {
  const { code, message, trace, retryAfterMs } = error;
  return Buffer.from(JSON.stringify({ code, message, trace, retryAfterMs, subscription }));
}
