import { type Commit, decodeCommit } from '@backside/protocol';
import { isPrefix, type Path } from '@backside/tree';
import { EncodingRing } from './encoding-ring.js';

/** Decoded commits kept for those who ask next: many subscribers resume from about the same place. Nobody looks at more. */
const MAX_DECODED = 2_000;

export interface HistoryBounds {
  readonly capacity: number;
  /** Of encoded commits. */
  readonly maxBytes: number;
}

/**
 * The most recent commits in memory, contiguous, up to the newest one: for resuming and for revision preconditions. They are
 * kept encoded, since nearly all of them are forgotten unread and object graphs that live for a while are what costs a collector.
 */
export class History {
  readonly #bounds: HistoryBounds;
  #encoded: EncodingRing;
  /** The newest revision. */
  #revision: number;
  readonly #decoded = new Map<number, Commit>();

  /** @param revision the revision that the first commit will follow. */
  constructor(revision: number, bounds: HistoryBounds) {
    this.#revision = revision;
    this.#bounds = bounds;
    this.#encoded = new EncodingRing(bounds.maxBytes);
  }

  /** The lowest revision from which `since` can answer. */
  get floor(): number {
    return this.#revision - this.#encoded.length;
  }

  /** The newest revision. */
  get revision(): number {
    return this.#revision;
  }

  add(commit: Commit): void {
    const { floor } = this;
    this.#keep(commit.encoded());
    this.#revision += 1;
    if (this.#decoded.size === 0) return;
    for (let forgotten = floor + 1; forgotten <= this.floor; forgotten += 1) this.#decoded.delete(forgotten);
  }

  /** One with the same bounds that holds nothing yet, for commits before those that are held. */
  before(revision: number): History {
    return new History(revision, this.#bounds);
  }

  /**
   * Puts older commits in front of what is held, as many as there is room for; they must end right where the held ones begin. Takes them
   * over: `older` is of no use afterwards.
   */
  prepend(older: History): void {
    if (older.#revision !== this.floor) return;
    for (let index = 0; index < this.#encoded.length; index += 1) older.#keep(this.#encoded.at(index));
    this.#encoded = older.#encoded;
  }

  #keep(encoded: Uint8Array): void {
    if (this.#encoded.length === this.#bounds.capacity) this.#encoded.shift();
    this.#encoded.push(encoded);
  }

  /** The commits after `revision`, oldest first; null if some of them are no longer held. */
  since(revision: number): Commit[] | null {
    if (revision < this.floor) return null;
    return Array.from({ length: Math.max(0, this.revision - revision) }, (_, index) =>
      this.#commit(revision + 1 + index),
    );
  }

  #commit(revision: number): Commit {
    const known = this.#decoded.get(revision);
    if (known !== undefined) return known;
    const commit = decodeCommit(this.#encoded.at(revision - this.floor - 1));
    if (this.#decoded.size >= MAX_DECODED) this.#decoded.clear();
    this.#decoded.set(revision, commit);
    return commit;
  }

  /**
   * Whether a commit after `revision` touched `path`, something above or something below it. Null if that is not known, or
   * would take looking at too many commits.
   */
  changedSince(path: Path, revision: number): boolean | null {
    if (revision < this.floor || this.revision - revision > MAX_DECODED) return null;
    for (let newest = this.revision; newest > revision; newest -= 1) {
      if (touches(this.#commit(newest), path)) return true;
    }
    return false;
  }
}

/** Whether one of the commit's changes is at, above or below `path`. */
export function touches(commit: Commit, path: Path): boolean {
  return commit.changes.some((change) => isPrefix(change.path, path) || isPrefix(path, change.path));
}
