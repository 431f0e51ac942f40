/** What one error code means on every edge. */
export interface ErrorDefinition {
  /** HTTP status of a response that reports it. */
  readonly httpStatus: number;
  /** The `message` header of the STOMP ERROR frame: short, without data of the request. */
  readonly stompMessage: string;
  /** The status word that Firebase's wire protocol uses for it. */
  readonly firebaseStatus: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
}

export type ErrorCode =
  | 'invalid-frame'
  | 'unsupported-version'
  | 'invalid-header'
  | 'missing-header'
  | 'unexpected-frame'
  | 'unknown-subscription'
  | 'unknown-transaction'
  | 'unknown-message'
  | 'duplicate-subscription'
  | 'duplicate-transaction'
  | 'invalid-path'
  | 'invalid-data'
  | 'invalid-query'
  | 'no-index'
  | 'too-large'
  | 'limit-exceeded'
  | 'rate-limited'
  | 'unauthenticated'
  | 'second-factor-required'
  | 'reauthentication-required'
  | 'email-in-use'
  | 'username-in-use'
  | 'weak-password'
  | 'expired'
  | 'permission-denied'
  | 'precondition-failed'
  | 'idempotency-conflict'
  | 'not-found'
  | 'slow-consumer'
  | 'timeout'
  | 'shutting-down'
  | 'unavailable'
  | 'internal';

/** The one table of errors: every refusal that a client can see has its code here. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorDefinition>> = {
  'invalid-frame': define(400, 'Malformed frame', 'failure', false),
  'unsupported-version': define(400, 'No common STOMP version', 'failure', false),
  'invalid-header': define(400, 'Invalid header', 'failure', false),
  'missing-header': define(400, 'Missing header', 'failure', false),
  'unexpected-frame': define(400, 'Frame not allowed here', 'failure', false),
  'unknown-subscription': define(404, 'No such subscription', 'failure', false),
  'unknown-transaction': define(404, 'No such transaction', 'failure', false),
  'unknown-message': define(404, 'No such message', 'failure', false),
  'duplicate-subscription': define(409, 'Subscription id in use', 'failure', false),
  'duplicate-transaction': define(409, 'Transaction id in use', 'failure', false),
  'invalid-path': define(400, 'Invalid path', 'invalid_path', false),
  'invalid-data': define(400, 'Invalid data', 'invalid_data', false),
  'invalid-query': define(400, 'Invalid query', 'invalid_query', false),
  'no-index': define(400, 'Index not defined', 'no_index', false),
  'too-large': define(413, 'Too large', 'write_too_big', false),
  'limit-exceeded': define(429, 'Limit exceeded', 'too_big', true),
  'rate-limited': define(429, 'Too many requests', 'too_many_requests', true),
  unauthenticated: define(401, 'Sign-in refused', 'invalid_token', false),
  'second-factor-required': define(401, 'Second factor required', 'invalid_token', false),
  'reauthentication-required': define(403, 'Sign in again first', 'permission_denied', false),
  'email-in-use': define(409, 'E-mail address in use', 'failure', false),
  'username-in-use': define(409, 'Username in use', 'failure', false),
  'weak-password': define(400, 'Password too weak', 'failure', false),
  expired: define(410, 'No longer valid', 'expired_token', false),
  'permission-denied': define(403, 'Permission denied', 'permission_denied', false),
  'precondition-failed': define(412, 'Precondition failed', 'datastale', false),
  'idempotency-conflict': define(409, 'Idempotency key used for another write', 'failure', false),
  'not-found': define(404, 'Not found', 'not_found', false),
  'slow-consumer': define(503, 'Client reads too slowly', 'unavailable', true),
  timeout: define(408, 'Timed out', 'unavailable', true),
  'shutting-down': define(503, 'Server is shutting down', 'unavailable', true),
  unavailable: define(503, 'Temporarily unavailable', 'unavailable', true),
  internal: define(500, 'Internal error', 'internal_error', true),
};

function define(httpStatus: number, stompMessage: string, firebaseStatus: string, retry: boolean): ErrorDefinition {
  return { httpStatus, stompMessage, firebaseStatus, retry };
}

export interface BacksideErrorOptions {
  readonly cause?: unknown;
  readonly trace?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Answers to a client that asked for what it may not have. They come as often as clients like, where they arise tells
 * nothing, and recording that costs several times as much as the refusal itself.
 */
const WITHOUT_STACK: ReadonlySet<ErrorCode> = new Set(['permission-denied', 'precondition-failed', 'rate-limited']);

/** How many calls V8 records in an error; other engines know no such thing. */
const engine: { stackTraceLimit?: number } = Error;

/**
 * A refusal or failure with a stable code. `message` is for people and never holds a secret. Ordinary refusals have no
 * stack.
 */
export class BacksideError extends Error {
  readonly code: ErrorCode;
  /** Names the explanation of a denial. */
  readonly trace: string | undefined;
  /** In how many milliseconds the same request may be worth another try, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message?: string, options?: BacksideErrorOptions) {
    const { stackTraceLimit = 0 } = engine;
    if (WITHOUT_STACK.has(code)) engine.stackTraceLimit = 0;
    super(message ?? ERRORS[code].stompMessage, options);
    engine.stackTraceLimit = stackTraceLimit;
    this.name = 'BacksideError';
    this.code = code;
    this.trace = options?.trace;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/**
 * The error as a client may see it: one that carries a code of the table keeps code and text, anything else becomes
 * `internal` and keeps its text to itself (as `cause`).
 */
export function toBacksideError(error: unknown): BacksideError {
  if (error instanceof BacksideError) return error;
  if (error instanceof Error && 'code' in error && isErrorCode(error.code)) {
    return new BacksideError(error.code, error.message, { cause: error });
  }
  return new BacksideError('internal', undefined, { cause: error });
}
