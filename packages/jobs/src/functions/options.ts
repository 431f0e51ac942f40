import type { Database } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Path, TreeReader } from '@backside/tree';

/** Where accounts are found, for `onUserCreated`. */
export interface AccountsSource {
  /** Of the private database. */
  readonly journal: Journal;
  /** The revision that it is readable to here. */
  readonly revision: () => number;
  /** Of the accounts in it: `['auth', 'accounts']` where the tree of `auth` has the root `auth`. */
  readonly path: Path;
}

export interface FunctionsLimits {
  /** Bytes of JSON of a node; the events of larger ones are put among the dead letters without their values. Default 1 MiB, at most 4. */
  readonly maxValueBytes: number;
  /** Events of one function that run at a time. Default 32. */
  readonly concurrency: number;
  /** Memory of one thread's heap, beyond which it is ended. Buffers are not counted in. Default 128. */
  readonly maxHeapMegabytes: number;
  /** How long a file may take to load, in milliseconds. Default 30,000. */
  readonly loadTimeoutMs: number;
  /** Defaults of what functions can set for themselves. */
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly backoffMs: number;
  /** Dead letters kept for one function, the newest. Default 1,000. */
  readonly maxDeadLetters: number;
}

export const DEFAULT_FUNCTIONS_LIMITS: FunctionsLimits = {
  maxValueBytes: 1024 * 1024,
  concurrency: 32,
  maxHeapMegabytes: 128,
  loadTimeoutMs: 30_000,
  timeoutMs: 60_000,
  attempts: 5,
  backoffMs: 1_000,
  maxDeadLetters: 1_000,
};

export interface FunctionsOptions {
  /** Each `NAME.js` or `NAME.mjs` in it is one file of functions, with a thread of its own; names that begin with `_` are only imported. */
  readonly directory: string;
  readonly database: Database;
  /** Of `database`. */
  readonly journal: Journal;
  /** The present state of `database`: its replica. */
  readonly reader: TreeReader;
  /** A part of the private database that is for functions alone; as durable as `database`, and followed by the same nodes. */
  readonly tree: PrivateTree;
  /** Without one `onUserCreated` never fires. */
  readonly accounts?: AccountsSource;
  /** Names this process among those that share the database. */
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after some milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  readonly limits?: Partial<FunctionsLimits>;
  /** What functions see as `process.env`. Default nothing. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One function, as operators see it. */
export interface FunctionStatus {
  /** `FILE:EXPORT`. */
  readonly name: string;
  readonly trigger: 'write' | 'create' | 'update' | 'delete' | 'user-created' | 'schedule';
  readonly running: number;
  /** Events that failed and wait for their next try. */
  readonly waiting: number;
  readonly succeeded: number;
  /** Tries that failed since this process began to run it. */
  readonly failed: number;
  /** Since then as well. */
  readonly dead: number;
}

/** An event that was given up. */
export interface FunctionDeadLetter {
  readonly function: string;
  /** Names it within its function. */
  readonly key: string;
  /** What the last try failed with. */
  readonly reason: string;
  /** 0 if it never ran, for its values were too large to be kept. */
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The event as the function got it. */
  readonly event: unknown;
}

/** The functions of one database, on this node. */
export interface Functions {
  /** Whether this node runs them; exactly one of those that share a database does. */
  readonly active: boolean;
  /** Of the functions that this node runs; empty while another one does. */
  status(): FunctionStatus[];
  /** Newest first, at most so many. */
  deadLetters(limit?: number): FunctionDeadLetter[];
  /** See `FunctionsDesk.retry`. Rejects with `not-found` where that is false. */
  revive(letter: Pick<FunctionDeadLetter, 'function' | 'key'>): Promise<void>;
  /** Takes nothing new, waits for what runs up to some seconds, then ends the threads; another node takes over at once. */
  close(): Promise<void>;
}
