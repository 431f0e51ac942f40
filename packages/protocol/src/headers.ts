/** Headers that Backside adds to the standard ones of STOMP; names as they stand on the wire. */
export const HEADERS = {
  query: 'query',
  resume: 'resume',
  once: 'once',
  format: 'format',
  prefetchCount: 'prefetch-count',
  method: 'method',
  ifMatch: 'if-match',
  priority: 'priority',
  ackLevel: 'ack-level',
  idempotencyKey: 'idempotency-key',
  onDisconnect: 'on-disconnect',
  /** Milliseconds after the end of the connection at which what was left for it is made; at most an hour. */
  grace: 'grace',
  token: 'token',
  event: 'event',
  revision: 'revision',
  epoch: 'epoch',
  code: 'code',
  trace: 'trace',
  reason: 'reason',
  resumed: 'resumed',
  warning: 'warning',
  /**
   * On a whole state and on a first MESSAGE, also of HTTP answers: the journal is out of reach, and writes of the last so many milliseconds may be
   * missing. Absent when nothing that was acknowledged can be.
   */
  stale: 'stale',
  serverTime: 'server-time',
  clientTime: 'client-time',
  /** Milliseconds since the epoch at which the credential ends: on the MESSAGE of `/.info/user` that warns of it. */
  expiresAt: 'expires-at',
  /** Milliseconds after which a refused operation may be worth another try. */
  retryAfter: 'retry-after',
} as const;

/**
 * On CONNECTED: the database that the connection is to, the one of its `host` or the server's first if it has none of that name. Apart
 * from `HEADERS`, all of which the client for browsers carries.
 */
export const DATABASE_HEADER: string = 'database';

/** How far a write must have come before it is acknowledged. */
export type AckLevel = 'applied' | 'durable' | 'replicated';

/** A place in a database's history: the state after `revision` of the history named `epoch`. */
export interface ResumePoint {
  readonly epoch: string;
  readonly revision: number;
}

/** `epoch:revision`, or null if the text is not one. Epochs hold letters, digits and dashes only. */
export function parseResumePoint(text: string): ResumePoint | null {
  const match = /^([A-Za-z0-9-]{1,64}):(\d{1,15})$/.exec(text);
  return match ? { epoch: match[1]!, revision: Number(match[2]) } : null;
}

export function formatResumePoint(point: ResumePoint): string {
  return `${point.epoch}:${point.revision}`;
}
