import type { Commit } from '@backside/protocol';
import type { Change } from '@backside/tree';

/** What `append` came to. */
export type AppendOutcome =
  | { readonly status: 'appended'; readonly head: number }
  /**
   * Somebody else appended first: nothing of this batch was stored. The commits up to `head` can be read now; those from
   * base + 1 to `head` are in `missing` if the journal had them at hand, so that nobody need read them. Where nodes share the journal
   * others may have gone on beyond `head`, which the next append tells.
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
 * The whole tree as it was after `revision`, exactly: with the commits after that it leads to every later state. Nothing that came later may
 * show in it, although changes are absolute, for a commit that empties a map also takes the map's priority away, and on a copy that is ahead
 * in places it would not be the same map that is empty. The journal keeps those commits for as long as reading may take.
 */
export interface Checkpoint {
  readonly revision: number;
  /** Leaves and priorities, each as a change from the empty tree, in any order, in batches; to be read once. Throws as `commits` does. */
  readonly entries: AsyncIterable<readonly Change[]>;
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
  /**
   * The revision of the last durable commit; 0 when there is none. Rejects with `internal` if what is stored is not what this journal was
   * opened on, or cannot be read by this version: nothing is appended to that either.
   */
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
   * A state to start from for whoever lacks what the journal no longer keeps; null if there is none yet. Absent where the replica's
   * owner is the only one who trims.
   */
  checkpoint?(): Promise<Checkpoint | null>;
  /**
   * Allows the journal to drop commits up to and including `revision`, which this node's replica has on disk; how many it
   * keeps nevertheless is its retention setting. Never drops above `revision`. A journal that nodes share drops only what its own
   * checkpoint has: a node that was away for longer starts from that.
   */
  trim(revision: number): Promise<void>;
  /**
   * Calls the listener soon after the head has grown, by whomever, until the returned function is called: sooner than asking now and
   * then would tell. A hint that may be late, doubled or lost. Absent where only this process appends.
   */
  onHead?(listener: (head: number) => void): () => void;
  /**
   * Commits that another node told of, all of which it stored at once, or with others: this may save the journal questions. Like any hint it
   * may be wrong, and decides nothing.
   */
  told?(commits: readonly Commit[]): void;
  /**
   * Waits for appends under way, then releases everything. Appends are refused with `unavailable` afterwards; no other call
   * is allowed.
   */
  close(): Promise<void>;
}
