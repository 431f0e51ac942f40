import { BacksideError, type Commit } from '@backside/protocol';
import {
  type BigMap,
  type Change,
  type Format,
  type Glance,
  isPriorityPath,
  type KeyRange,
  type Path,
  type PresentNode,
  type Query,
  readQuery,
} from '@backside/tree';
import { isIndexed } from './index-definitions.js';
import { streamTreeJson } from './json-stream.js';
import type { IndexDefinition, QueryAnswer, Replica, ReplicaSupports } from './replica.js';
import { SnapshotTree } from './snapshot-tree.js';

export interface MemoryReplicaOptions {
  /** The history that the empty tree belongs to; null, as for any new replica, by default. */
  readonly epoch?: string;
}

/** A replica that lives as long as its process. It keeps index definitions in mind, so that `indexed` says what it
 * would say of a store on disk, but answers by reading every child. */
export function createMemoryReplica(options: MemoryReplicaOptions = {}): Replica {
  return new MemoryReplica(options.epoch ?? null);
}

class MemoryReplica implements Replica {
  readonly supports: ReplicaSupports = { persistent: false, indexes: false };
  readonly isOverfull = false;
  epoch: string | null;
  revision = 0;
  #tree: SnapshotTree = new SnapshotTree();
  #indexes: readonly IndexDefinition[] = [];

  constructor(epoch: string | null) {
    this.epoch = epoch;
  }

  get checkpointed(): number {
    return this.revision;
  }

  apply(commits: readonly Commit[]): void {
    for (const commit of commits) {
      if (commit.revision !== this.revision + 1) {
        throw new BacksideError('internal', `commit ${commit.revision} cannot follow revision ${this.revision}`);
      }
      this.#tree.apply(commit.changes);
      this.revision = commit.revision;
    }
  }

  glance(path: Path): Glance {
    return this.#tree.reader.glance(path);
  }

  children(path: Path, range?: KeyRange): Iterable<[string, PresentNode | BigMap]> {
    return this.#tree.reader.children(path, range);
  }

  query(path: Path, query: Query): QueryAnswer {
    return { entries: readQuery(this.#tree.reader, path, query), indexed: isIndexed(this.#indexes, path, query) };
  }

  streamJson(path: Path, format: Format): IterableIterator<Uint8Array> {
    const { reader, release } = this.#tree.hold();
    return releasing(streamTreeJson(reader, path, format), release);
  }

  async setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    this.#indexes = definitions;
  }

  async checkpoint(): Promise<number> {
    return this.revision;
  }

  async reset(epoch: string): Promise<void> {
    this.#begin(epoch, new SnapshotTree(), 0);
  }

  async restore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    this.#begin(null, new SnapshotTree(), 0);
    const tree = new SnapshotTree();
    const priorities: Change[] = []; // a node can have one only once it is there
    for await (const batch of entries) {
      for (const entry of batch) {
        if (isPriorityPath(entry.path)) priorities.push(entry);
        else tree.apply([entry]);
      }
    }
    tree.apply(priorities);
    this.#begin(epoch, tree, revision);
  }

  #begin(epoch: string | null, tree: SnapshotTree, revision: number): void {
    this.epoch = epoch;
    this.revision = revision;
    this.#tree = tree;
  }

  async close(): Promise<void> {
    this.#tree = new SnapshotTree();
  }
}

/** Passes a generator on and calls `release` at its end, also if it is given up before it was begun. */
function releasing(chunks: Generator<Uint8Array, undefined>, release: () => void): IterableIterator<Uint8Array> {
  return {
    next() {
      try {
        const result = chunks.next();
        if (result.done) release();
        return result;
      } catch (error) {
        release();
        throw error;
      }
    },
    return() {
      release();
      return chunks.return(undefined);
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}
