import type { Quotas } from '@backside/auth';
import type { Credentials, Logger, Principal } from '@backside/protocol';
import type { Frame, HeartbeatOffer } from '@backside/stomp';
import type { ProxyCounters } from './counters.js';
import type { ProxyDatabase } from './database.js';
import type { Deadlines } from './deadlines.js';
import type { Envelope } from './encoder.js';
import type { EncoderTable } from './encoder-table.js';
import type { ProxyLimits } from './limits.js';
import type { TickWriter } from './outbox.js';
import type { Renewals } from './renewals.js';
import type { Session } from './session.js';

/** Rejects with a BacksideError `unauthenticated` for credentials that do not hold. */
export type Authenticate = (credentials: Credentials) => Promise<Principal>;

/**
 * Follows what becomes of a signed-in principal of a database, from the moment it was authenticated: calls `changed` with its
 * successor when its claims or its role change, as often as they do, and with nobody when it is revoked, disabled or deleted.
 * The first call may come before this one returns. Returns what ends that.
 */
export type WatchPrincipal = (principal: Principal, database: string, changed: (next: Principal) => void) => () => void;

/** What a session is told of its client. */
export interface SessionClient {
  readonly envelope: Envelope;
  /** Where the client is, which behind a trusted proxy is not where the connection comes from. */
  readonly remoteAddress: string;
}

/** What all sessions of a proxy share. */
export interface SessionContext {
  readonly databases: (host: string | undefined) => ProxyDatabase;
  readonly authenticate: Authenticate;
  readonly watchPrincipal: WatchPrincipal;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** An identifier that was not given before: for sessions and traces. */
  readonly newId: () => string;
  readonly limits: ProxyLimits;
  readonly heartbeat: HeartbeatOffer;
  /** The `server` header of CONNECTED; null leaves it out. */
  readonly serverName: string | null;
  readonly counters: ProxyCounters;
  readonly encoders: EncoderTable;
  readonly deadlines: Deadlines;
  readonly quotas: Quotas;
  readonly renewals: Renewals;
  readonly writer: TickWriter;
  /** Serves one frame of a client. Throws what it refuses. */
  readonly serve: (session: Session, frame: Frame) => void;
  /** Called once when a session is over. */
  readonly ended: (session: Session) => void;
}
