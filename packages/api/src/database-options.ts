import type { Notifier } from '@backside/notifier';
import type { BacksideError, Logger } from '@backside/protocol';
import type { Journal, Replica } from '@backside/store';
import type { Limits } from '@backside/tree';
import type { Authorizer } from './authorizer.js';
import type { ScopeStore } from './node-lease.js';

/** Bounds of one database. */
export interface DatabaseLimits {
  /** Keys, depth, leaves and writes. */
  readonly tree: Limits;
  /** Operations that may wait for their turn; more are answered with `unavailable`. */
  readonly maxQueuedOperations: number;
  readonly maxSubscriptions: number;
  /** Bytes of the largest first event of a subscription. */
  readonly maxSnapshotBytes: number;
  /** Commits kept in memory for resuming and for revision preconditions. */
  readonly historyCommits: number;
  /** Encoded bytes of these at most. */
  readonly historyBytes: number;
  /** Commits that a resuming subscriber is given one by one at most; past that it gets the state. */
  readonly maxResumeCommits: number;
  /** Encoded bytes of these at most. */
  readonly maxResumeBytes: number;
  /** Idempotency keys remembered. */
  readonly idempotencyKeys: number;
  /** Writes that one connection may leave for its end. */
  readonly maxOnDisconnectOperations: number;
  /** Size of their values together, in characters of JSON. */
  readonly maxOnDisconnectCharacters: number;
  /**
   * How long a journal that nodes share may leave questions unanswered before it counts as out of reach, in milliseconds: then writes are
   * refused, and reads say how stale they may be.
   */
  readonly journalPatienceMs: number;
}

export const DEFAULT_DATABASE_LIMITS: Omit<DatabaseLimits, 'tree'> = {
  maxQueuedOperations: 100_000,
  maxSubscriptions: 1_000_000,
  maxSnapshotBytes: 64 * 1024 * 1024,
  historyCommits: 10_000,
  historyBytes: 4 * 1024 * 1024,
  maxResumeCommits: 10_000,
  maxResumeBytes: 8 * 1024 * 1024,
  idempotencyKeys: 100_000,
  maxOnDisconnectOperations: 1_000,
  maxOnDisconnectCharacters: 16 * 1024 * 1024,
  journalPatienceMs: 2_000,
};

export interface DatabaseOptions {
  readonly name: string;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly notifier: Notifier;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Resolves after some milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Names this node in its commits. */
  readonly nodeId: string;
  readonly limits?: Partial<DatabaseLimits>;
  /** Keep in each commit what stood at the changed paths before. Default false. */
  readonly recordPrior?: boolean;
  /**
   * Called when the journal has dropped what this node still misses, or lost what this node has had from it: it can never agree with the
   * others again, and must be replaced.
   */
  readonly onLost?: (error: BacksideError) => void;
  /**
   * A private database of the same durability, served by the same nodes, to keep in what connections leave for their end. Without
   * one that is lost with the process.
   */
  readonly scopes?: ScopeStore;
  /** Whether this node lets the journal drop what its replica has on disk. Default true. */
  readonly trimsJournal?: boolean;
}
