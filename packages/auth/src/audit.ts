import type { Logger } from '@backside/protocol';

/** What happened. */
export type AuditType =
  | 'sign-up'
  | 'sign-in'
  | 'second-factor'
  | 'token-refresh'
  | 'token-reuse'
  | 'sign-out'
  | 'session-revoked'
  | 'throttled'
  | 'password-changed'
  | 'password-reset-requested'
  | 'password-reset'
  | 'email-verification-requested'
  | 'email-verified'
  | 'email-changed'
  | 'provider-linked'
  | 'provider-unlinked'
  | 'totp-enabled'
  | 'totp-disabled'
  | 'recovery-codes-created'
  | 'recovery-code-used'
  | 'passkey-added'
  | 'passkey-removed'
  | 'device-created'
  | 'device-revoked'
  | 'user-created'
  | 'user-disabled'
  | 'user-enabled'
  | 'user-deleted'
  | 'claims-changed'
  | 'signing-key-rotated';

export interface AuditEvent {
  readonly type: AuditType;
  readonly outcome: 'success' | 'failure';
  /** The account that it happened to, if one is known. */
  readonly uid?: string;
  /** Who did it, if somebody else: an admin's uid. */
  readonly by?: string;
  readonly address: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Circumstances: provider, session id, reason. Never a secret; see `boundedEvent`. */
  readonly details?: Details;
}

/** Where events of authentication are written down. */
export interface AuditLog {
  /** Returns at once and never throws: what is audited goes on whether or not it could be recorded. */
  record(event: AuditEvent): void;
}

/** An event as it is read back. */
export interface AuditEntry extends AuditEvent {
  /** Sorts by time. */
  readonly id: string;
  /** How many equal events this one stands for. */
  readonly count: number;
}

type Details = Readonly<Record<string, string | number | boolean>>;

const MAX_DETAILS = 12;
const MAX_TEXT_CHARS = 200;
const SECRET_NAME = /pass|secret|token|code|otp|hash|cookie|authorization|credential/i;

/**
 * The event as records hold it: texts cut at 200 characters and control characters replaced, at most 12 details, names of
 * details fit for tree keys, and a detail whose name sounds like a secret blanked: the last line of defence, not a licence.
 */
export function boundedEvent(event: AuditEvent): AuditEvent {
  const details = boundedDetails(event.details ?? {});
  return {
    type: event.type,
    outcome: event.outcome,
    time: event.time,
    address: bounded(event.address),
    ...(event.uid === undefined ? {} : { uid: bounded(event.uid) }),
    ...(event.by === undefined ? {} : { by: bounded(event.by) }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** Writes each event to the server's log: successes as `info`, failures as `warn`. */
export function createLoggerAuditLog(logger: Logger): AuditLog {
  return {
    record(event): void {
      const write = event.outcome === 'success' ? logger.info : logger.warn;
      write({ audit: boundedEvent(event) }, `audit: ${event.type}`);
    },
  };
}

/** Records in each of them. */
export function combineAuditLogs(...logs: readonly AuditLog[]): AuditLog {
  return {
    record(event): void {
      for (const log of logs) log.record(event);
    },
  };
}

function boundedDetails(details: Details): Details {
  const entries = Object.entries(details).slice(0, MAX_DETAILS);
  return Object.fromEntries(entries.map(([name, value]) => [safeName(name), safeValue(name, value)]));
}

function safeValue(name: string, value: string | number | boolean): string | number | boolean {
  if (SECRET_NAME.test(name)) return '[redacted]';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? bounded(value) : value;
}

/** Fits a tree key and a log field. */
function safeName(name: string): string {
  return name.slice(0, 40).replace(/[^A-Za-z0-9_-]/g, '_') || '_';
}

/** Short, printable and well-formed: half of a surrogate pair becomes a replacement character. */
function bounded(text: string): string {
  const cut = text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
  return Buffer.from(cut)
    .toString()
    .replace(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
