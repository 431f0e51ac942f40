import type { Commit } from '@backside/protocol';
import type { Change, Format, Path, PresentNode, Query, TreeReader } from '@backside/tree';

export interface ReplicaSupports {
  /** Whether what was applied is found again by the next process (after `checkpoint`, or by itself within a bounded time). */
  readonly persistent: boolean;
  /** Whether `setIndexes` makes ordered queries cost O(log n + answer); otherwise they scan. */
  readonly indexes: boolean;
}

/** One secondary index: the children of every node at `pattern`, ordered. */
export interface IndexDefinition {
  /** Keys from the root; a key that begins with `$` stands for any key. */
  readonly pattern: Path;
  /** The child path to order by, such as `['age']` or `['name', 'last']`; `'value'` orders by the children themselves. */
  readonly by: Path | 'value';
}

export interface QueryAnswer {
  /** The chosen children, whole, in the order of the query. */
  readonly entries: [key: string, node: PresentNode][];
  /** False if the order needed an index that is not there, so that every child was read. */
  readonly indexed: boolean;
}

/**
 * The local materialised tree of one database at one known revision.
 *
 * All reads are synchronous and answer the state after `revision` exactly, including what was applied a moment ago.
 * What is on disk may lag behind; a new process starts from `checkpointed` and applies the journal's tail.
 */
export interface Replica extends TreeReader {
  readonly supports: ReplicaSupports;
  /** The history that this tree belongs to; null while it is empty and new. */
  readonly epoch: string | null;
  /** The revision that reads answer. */
  readonly revision: number;
  /** The revision that is safely on disk; equal to `revision` where nothing is persistent. */
  readonly checkpointed: number;
  /** Whether more waits in memory for the disk than should: writes are to be refused until this is false again. */
  readonly isOverfull: boolean;
  /** Applies commits, whose first must be `revision + 1`; they are visible when it returns. Throws `internal` on a gap. */
  apply(commits: readonly Commit[]): void;
  /** The children of `path` that the query chooses. */
  query(path: Path, query: Query): QueryAnswer;
  /**
   * The node at `path` as JSON text in UTF-8, in chunks of up to 64 KiB that may end within a character, as of the revision at the call:
   * commits applied between the chunks do not show. The consumer must finish or `return()` the iterator, which holds a snapshot.
   */
  streamJson(path: Path, format: Format): IterableIterator<Uint8Array>;
  /** Replaces the set of secondary indexes. New ones are built online and used once complete; resolves when all are. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void>;
  /** Brings the disk to the revision at the time of the call; resolves with the revision that is safely there. */
  checkpoint(): Promise<number>;
  /** Empties the tree and starts it at revision 0 of the history `epoch`. */
  reset(epoch: string): Promise<void>;
  /**
   * Replaces the tree by `entries` (leaves and priorities, as changes from the empty tree) as of `revision` of the history `epoch`, which
   * a `Checkpoint` of the journal gave. Until it resolves, and if the process ends on the way, the replica counts as empty and new.
   * What follows must be applied before the tree is exact.
   */
  restore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void>;
  /** Checkpoints where that is possible and releases everything. */
  close(): Promise<void>;
}
