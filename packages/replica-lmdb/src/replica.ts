import { BacksideError, type Commit } from '@backside/protocol';
import { type IndexDefinition, isIndexed, type QueryAnswer, type Replica, type ReplicaSupports } from '@backside/store';
import type { BigMap, Change, Format, Glance, KeyRange, Path, PresentNode, Query } from '@backside/tree';
import { outlineOf, readQuery } from '@backside/tree';
import { assertContinues } from './checkpointer.js';
import type { Environment } from './environment.js';
import { queryInOrder } from './indexed-query.js';
import { streamJson } from './json-stream.js';
import { Snapshot } from './snapshot.js';
import { Tail } from './tail.js';

/** A replica that also says how much of it is in memory only. */
export interface LmdbReplica extends Replica {
  /** Bytes of the commits that are in memory only, in their encoded form: what grows while the disk refuses to write. */
  readonly tailBytes: number;
}

/** Where a replica's commits go. */
export interface Disk {
  enqueue(commits: readonly Commit[]): void;
  /** Has the disk brought to the last enqueued commit, as far as this process can. */
  checkpoint(): Promise<unknown>;
  /** Has the indexes built, as far as this process can. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void>;
  reset(epoch: string): Promise<void>;
  /** Has the disk emptied, as far as this process can. */
  beginRestore(): Promise<void>;
  /** Has the disk filled with entries, or waits until another process has done so. */
  endRestore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void>;
  close(): Promise<void>;
}

/** Reads a snapshot of an LMDB environment through the tail of commits since. */
export class SnapshotReplica implements LmdbReplica {
  readonly supports: ReplicaSupports = { persistent: true, indexes: true };
  readonly #environment: Environment;
  readonly #disk: Disk;
  readonly #maxTailBytes: number;
  #snapshot: Snapshot;
  /** Null once the replica is closed. */
  #openTail: Tail | null;
  #revision: number;
  /** Those that have not ended; each holds its snapshot. */
  readonly #streams: Set<HeldStream> = new Set();
  #closed = false;

  constructor(environment: Environment, disk: Disk, maxTailBytes: number = Number.POSITIVE_INFINITY) {
    this.#environment = environment;
    this.#disk = disk;
    this.#maxTailBytes = maxTailBytes;
    this.#snapshot = Snapshot.open(environment);
    this.#revision = this.#snapshot.meta.revision;
    this.#openTail = new Tail(this.#snapshot, this.#revision);
  }

  get epoch(): string | null {
    return this.#snapshot.meta.epoch;
  }

  get revision(): number {
    return this.#revision;
  }

  get checkpointed(): number {
    return this.#snapshot.meta.revision;
  }

  get tailBytes(): number {
    return this.#tail.bytes;
  }

  get isOverfull(): boolean {
    return this.#tail.bytes > this.#maxTailBytes;
  }

  apply(commits: readonly Commit[]): void {
    assertContinues(this.#revision, commits);
    for (const commit of commits) {
      this.#tail.apply(commit);
      this.#revision = commit.revision;
    }
    this.#disk.enqueue(commits);
  }

  glance(path: Path): Glance {
    return this.#tail.view.glance(path);
  }

  outline(path: Path): Glance {
    return outlineOf(this.#tail.view, path);
  }

  children(path: Path, range?: KeyRange): Iterable<[string, PresentNode | BigMap]> {
    return this.#tail.view.children(path, range);
  }

  query(path: Path, query: Query): QueryAnswer {
    const definitions = this.#snapshot.meta.indexes
      .filter(({ complete }) => complete)
      .map(({ definition }) => definition);
    const entries =
      queryInOrder(this.#snapshot, this.#tail, { path, query }) ?? readQuery(this.#tail.view, path, query);
    return { entries, indexed: isIndexed(definitions, path, query) };
  }

  streamJson(path: Path, format: Format): IterableIterator<Uint8Array> {
    const snapshot = this.#snapshot;
    const view = this.#tail.hold();
    snapshot.hold();
    const stream = new HeldStream(streamJson(view, path, format), () => {
      this.#streams.delete(stream);
      view.release();
      snapshot.release();
    });
    this.#streams.add(stream);
    return stream;
  }

  setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    return this.#disk.setIndexes(definitions);
  }

  async checkpoint(): Promise<number> {
    await this.#disk.checkpoint();
    this.advance();
    return this.checkpointed;
  }

  async reset(epoch: string): Promise<void> {
    await this.#disk.reset(epoch);
    this.#startOver();
  }

  async restore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    await this.#disk.beginRestore();
    this.#startOver();
    await this.#disk.endRestore(epoch, revision, entries);
    this.#startOver();
  }

  /** Goes on with what the disk holds now, whatever was there before. */
  #startOver(): void {
    this.#adopt(Snapshot.open(this.#environment));
    this.#openTail = new Tail(this.#snapshot, this.#snapshot.meta.revision);
    this.#revision = this.#snapshot.meta.revision;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#disk.close();
    for (const stream of this.#streams) stream.return();
    this.#openTail = null;
    this.#snapshot.release();
    await this.#environment.root.close();
  }

  /** Goes on with what the disk holds now, unless that is of another history or ahead of this replica. */
  advance(): void {
    if (this.#closed) return;
    const next = Snapshot.open(this.#environment);
    const { epoch, revision } = next.meta;
    if (epoch !== this.epoch || revision > this.#revision) {
      next.release();
      return;
    }
    const moved = revision > this.checkpointed;
    this.#adopt(next);
    this.#tail.rebase(next, revision);
    if (moved) this.#tail.seal();
  }

  get #tail(): Tail {
    if (!this.#openTail) throw new BacksideError('unavailable', 'the replica is closed');
    return this.#openTail;
  }

  #adopt(next: Snapshot): void {
    this.#snapshot.release();
    this.#snapshot = next;
  }
}

/** Passes a generator on, and releases what it reads at its end, also if it is given up before it was begun. */
class HeldStream implements IterableIterator<Uint8Array> {
  readonly #chunks: Generator<Uint8Array, undefined>;
  #release: (() => void) | null;

  constructor(chunks: Generator<Uint8Array, undefined>, release: () => void) {
    this.#chunks = chunks;
    this.#release = release;
  }

  next(): IteratorResult<Uint8Array, undefined> {
    try {
      const result = this.#chunks.next();
      if (result.done) this.#end();
      return result;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  return(): IteratorResult<Uint8Array, undefined> {
    const result = this.#chunks.return(undefined);
    this.#end();
    return result;
  }

  [Symbol.iterator](): this {
    return this;
  }

  #end(): void {
    this.#release?.();
    this.#release = null;
  }
}
