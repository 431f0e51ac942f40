import type { Commit } from '@backside/protocol';

/** What `append` came to. */
export type AppendOutcome =
  | { readonly status: 'appended'; readonly head: number }
  /**
   * Somebody else appended first: nothing of this batch was stored. The commits up to `head` can be read now; those from
   * base + 1 to `head` are in `missing` if the journal had them at hand, so that nobody need read them.
   */
  | { readonly status: 'revision-conflict'; readonly head: number; readonly missing?: readonly Commit[] };

/**
 * One append under way. A failure of the medium rejects with `unavailable` whatever has not been resolved by then: an
 * append that was `accepted` may still fail to become `durable`. A conflict resolves both alike. Callers may watch either
 * promise alone; the rejection of one that nobody watches does not end the process.
 */
export interface Append {
  /** The batch has its place in the order, or was refused for a conflict; it could still be lost with the machine. */
  readonly accepted: Promise<AppendOutcome>;
  /** The batch is as durable as this journal promises (`supports.durability`). Never settles before `accepted`. */
  readonly durable: Promise<AppendOutcome>;
}

export interface JournalSupports {
  /** What survives once `durable` is resolved: nothing but this process, `kill -9` and power loss, or the loss of a node. */
  readonly durability: 'none' | 'disk' | 'replicated';
  /** Whether several nodes may append to it at the same time. */
  readonly sharedBetweenNodes: boolean;
}

/**
 * The ordered, durable list of commits of one database: the only thing that nodes must agree on.
 *
 * Atomicity: an append is stored entirely or not at all, also across a crash. Order: commits have the revisions
 * base + 1, base + 2 … without gaps; appends take effect in the order of the calls of one process. An append may be
 * called while an earlier one is under way, on the head that this will lead to; if the earlier one conflicts or fails,
 * so does the later. After a failed write the journal refuses every append until it has recovered, by itself or by being opened
 * again: then it goes on from its last durable commit, or from one that failed meanwhile but is found whole.
 */
export interface Journal {
  readonly supports: JournalSupports;
  /** The identity of this history: new whenever the history is not a continuation of the old one. */
  readonly epoch: string;
  /** The revision of the last durable commit; 0 when there is none. */
  head(): Promise<number>;
  /** The lowest revision whose commit is still kept; head + 1 when none is. */
  first(): Promise<number>;
  /**
   * Appends commits with revisions base + 1 … base + n, provided the head (with appends under way) is `base`. With no commits it
   * only tells whether it is, once the appends before it are durable.
   */
  append(base: number, commits: readonly Commit[]): Append;
  /**
   * The durable commits with revisions above `after`, in order, in batches, up to the head at the time of the call.
   * Throws `not-found` if `after + 1` is no longer kept, `internal` with the place if the stored data is damaged.
   */
  commits(after: number): AsyncIterable<readonly Commit[]>;
  /**
   * Allows the journal to drop commits up to and including `revision`, which every replica has on disk; how many it
   * keeps nevertheless is its retention setting. Never drops above `revision`.
   */
  trim(revision: number): Promise<void>;
  /**
   * Waits for appends under way, then releases everything. Appends are refused with `unavailable` afterwards; no other call
   * is allowed.
   */
  close(): Promise<void>;
}
