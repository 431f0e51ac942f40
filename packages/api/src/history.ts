import type { Commit } from '@backside/protocol';
import { isPrefix, type Path } from '@backside/tree';

/** The most recent commits in memory, contiguous, up to the newest one: for resuming and for revision preconditions. */
export class History {
  readonly #capacity: number;
  readonly #maxBytes: number;
  #commits: Commit[] = [];
  #start = 0;
  #bytes = 0;
  /** Revision before the oldest commit that is held. */
  #floor: number;

  /** @param revision the revision that the first commit will follow. `capacity` and `maxBytes` (encoded) bound what is held. */
  constructor(revision: number, { capacity, maxBytes }: { capacity: number; maxBytes: number }) {
    this.#floor = revision;
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
  }

  /** The lowest revision from which `since` can answer. */
  get floor(): number {
    return this.#floor;
  }

  get revision(): number {
    return this.#floor + this.#length;
  }

  add(commit: Commit): void {
    this.#commits.push(commit);
    this.#bytes += commit.encoded().length;
    while (this.#length > 1 && (this.#length > this.#capacity || this.#bytes > this.#maxBytes)) this.#forgetOldest();
  }

  get #length(): number {
    return this.#commits.length - this.#start;
  }

  #forgetOldest(): void {
    this.#bytes -= this.#commits[this.#start]!.encoded().length;
    this.#start += 1;
    this.#floor += 1;
    if (this.#start < this.#length) return;
    this.#commits = this.#commits.slice(this.#start);
    this.#start = 0;
  }

  /** Puts older commits in front of what is held, as many as there is room for; they must end right where the held ones begin. */
  prepend(older: readonly Commit[]): void {
    if (older.at(-1)?.revision !== this.#floor) return;
    const commits = this.#commits.slice(this.#start);
    for (const commit of older.toReversed()) {
      const bytes = commit.encoded().length;
      if (commits.length >= this.#capacity || this.#bytes + bytes > this.#maxBytes) break;
      commits.unshift(commit);
      this.#bytes += bytes;
      this.#floor -= 1;
    }
    this.#commits = commits;
    this.#start = 0;
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
