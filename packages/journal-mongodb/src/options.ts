import type { Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';

/** Which server, and which of its databases; collections for many of our databases stand side by side in one of the server's. */
export interface MongoPlace {
  /** A connection string, as MongoDB defines it. Its options for write and read concern are overridden. */
  readonly url: string;
  /** The server's database that holds our collections; `backside` by default. */
  readonly mongoDatabase?: string;
  /** After so long without an answer a request counts as failed, in milliseconds; 10 s by default. */
  readonly requestTimeoutMs?: number;
}

/** What stays of the journal although its checkpoint has it. With neither set, all that may go goes. */
export interface MongoRetention {
  /** Documents younger than this many milliseconds stay … */
  readonly ageMs?: number;
  /** … but no more than fit, newest first, into this many bytes. */
  readonly bytes?: number;
}

export interface MongoJournalOptions extends MongoPlace {
  /** Which of our databases: its history is begun if there is none. */
  readonly database: string;
  /** Names this node in what it stores. */
  readonly nodeId: string;
  readonly logger: Logger;
  readonly retention?: MongoRetention;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds that only ever grow, for telling how long something took. */
  readonly elapsed?: () => number;
  /** How long an append is tried again while the server does not answer, in milliseconds; 3 s by default. */
  readonly patienceMs?: number;
  /**
   * How long a document stays at least after a trimmer has seen it, in milliseconds; a minute by default. Equal on all nodes. A node
   * that was out of touch for longer asks what was trimmed before it believes in its own append; with 0 that is every append.
   */
  readonly graceMs?: number;
}

export interface MongoProjectorOptions extends MongoPlace {
  readonly database: string;
  readonly nodeId: string;
  readonly logger: Logger;
  /** The journal to follow; it is trimmed behind the projection. The projector does not close it. */
  readonly journal: Journal;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds that only ever grow. */
  readonly elapsed?: () => number;
  /** How long a node may project before it has to say again that it does, in milliseconds; 10 s by default. */
  readonly leaseMs?: number;
  /** How long removed documents and finished batches leave a trace, in milliseconds; an hour by default. */
  readonly traceMs?: number;
  /** The longest pause between two looks at the journal, in milliseconds; 1 s by default. */
  readonly idleMs?: number;
}
