import type { Logger, Principal } from '@backside/protocol';
import type { Frame, HeartbeatOffer } from '@backside/stomp';
import type { ProxyCounters } from './counters.js';
import type { ProxyDatabase } from './database.js';
import type { Deadlines } from './deadlines.js';
import type { EncoderTable } from './encoder-table.js';
import type { ProxyLimits } from './limits.js';
import type { TickWriter } from './outbox.js';
import type { Session } from './session.js';

/** What a client proves who it is with. With neither `login` nor `token` it asks to be nobody. */
export interface Credentials {
  readonly login?: string;
  readonly passcode?: string;
  readonly token?: string;
  /** The database that it asks for, as its `host` header names it. */
  readonly host?: string;
  readonly remoteAddress: string;
}

/** Rejects with a BacksideError `unauthenticated` for credentials that do not hold. */
export type Authenticate = (credentials: Credentials) => Promise<Principal>;

/** What all sessions of a proxy share. */
export interface SessionContext {
  readonly databases: (host: string | undefined) => ProxyDatabase;
  readonly authenticate: Authenticate;
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
  readonly writer: TickWriter;
  /** Serves one frame of a client. Throws what it refuses. */
  readonly serve: (session: Session, frame: Frame) => void;
  /** Called once when a session is over. */
  readonly ended: (session: Session) => void;
}
