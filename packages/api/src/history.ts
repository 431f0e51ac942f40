import type { Commit } from '@backside/protocol';
import { isPrefix, type Path } from '@backside/tree';

/** The most recent commits in memory, contiguous, up to the newest one: for resuming and for revision preconditions. */
export class History {
  readonly #capacity: number;
  #commits: Commit[] = [];
  #start = 0;
  /** Revision before the oldest commit that is held. */
  #floor: number;

  /** @param revision the revision that the first commit will follow. @param capacity commits held at most. */
  constructor(revision: number, capacity: number) {
    this.#floor = revision;
    this.#capacity = capacity;
  }

  /** The lowest revision from which `since` can answer. */
  get floor(): number {
    return this.#floor;
  }

  get revision(): number {
    return this.#floor + this.#commits.length - this.#start;
  }

  add(commit: Commit): void {
    this.#commits.push(commit);
    if (this.#commits.length - this.#start <= this.#capacity) return;
    this.#start += 1;
    this.#floor += 1;
    if (this.#start >= this.#capacity) {
      this.#commits = this.#commits.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Puts older commits in front of what is held; they must end right where the held ones begin. */
  prepend(older: readonly Commit[]): void {
    const last = older.at(-1);
    if (last === undefined || last.revision !== this.#floor) return;
    const held = this.#commits.slice(this.#start);
    const room = Math.max(0, this.#capacity - held.length);
    const kept = room === 0 ? [] : older.slice(-room);
    this.#commits = [...kept, ...held];
    this.#start = 0;
    this.#floor -= kept.length;
  }

  /** The commits after `revision`, oldest first; null if some of them are no longer held. */
  since(revision: number): Commit[] | null {
    if (revision < this.#floor) return null;
    return this.#commits.slice(this.#start + revision - this.#floor);
  }

  /** Whether a commit after `revision` touched `path`, something above or something below it; null if that is not known. */
  changedSince(path: Path, revision: number): boolean | null {
    const commits = this.since(revision);
    return commits === null ? null : commits.some((commit) => touches(commit, path));
  }
}

/** Whether one of the commit's changes is at, above or below `path`. */
export function touches(commit: Commit, path: Path): boolean {
  return commit.changes.some((change) => isPrefix(change.path, path) || isPrefix(path, change.path));
}
