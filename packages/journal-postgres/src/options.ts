import type { Logger } from '@backside/protocol';
import type { Patience } from '@backside/store';
import { isPassing } from './postgres-error.js';

/** Which server, and where in it; the journals of many databases lie side by side. */
export interface PostgresPlace {
  /** As PostgreSQL's own clients take it: `postgres://user:password@host:5432/dbname?sslmode=verify-full`. */
  readonly url: string;
  /** The schema that holds the tables, made if it is missing; `backside` by default. */
  readonly schema?: string;
  /** After so long without an answer a request counts as failed, in milliseconds; 10 s by default. */
  readonly requestTimeoutMs?: number;
}

/** What stays of the journal although its checkpoint has it. */
export interface PostgresRetention {
  /** Commits that were stored less than this many milliseconds ago stay … */
  readonly ageMs: number;
  /** … but no more than fit, newest first, into this many bytes. */
  readonly bytes: number;
}

export interface PostgresJournalOptions extends PostgresPlace {
  /** Which of our databases; its history is begun if there is none. */
  readonly database: string;
  readonly retention: PostgresRetention;
  readonly logger: Logger;
  /** Names this node in what it stores. */
  readonly nodeId: string;
  /** How long opening, or an append, is tried again while the server does not answer, in milliseconds; 5 s by default. */
  readonly patienceMs?: number;
}

export interface PostgresProjectorOptions extends PostgresPlace {
  readonly database: string;
  /** What it leaves of the journal behind it. */
  readonly retention: PostgresRetention;
  readonly logger: Logger;
  readonly nodeId: string;
  /** How long opening is tried again while the server does not answer, in milliseconds; 5 s by default. */
  readonly patienceMs?: number;
  /** The longest pause between two looks at the journal, in milliseconds; 1 s by default. */
  readonly idleMs?: number;
}

export const DEFAULT_SCHEMA = 'backside';

const DEFAULT_PATIENCE_MS = 5_000;

/** What passes with the connection or the server is tried again for so long. */
export function patienceOf({ patienceMs = DEFAULT_PATIENCE_MS }: { readonly patienceMs?: number }): Patience {
  return { patienceMs, isPassing };
}
