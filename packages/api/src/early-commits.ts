import type { Commit } from '@backside/protocol';

const MAX_COMMITS = 4_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** Commits that were told of before the ones that they follow: a bounded number, kept until those have been read. */
export class EarlyCommits {
  readonly #commits = new Map<number, Commit>();
  #bytes = 0;

  /** Keeps them; if that are too many all are forgotten, for the journal has them. */
  keep(commits: readonly Commit[]): void {
    for (const commit of commits) {
      if (this.#commits.has(commit.revision)) continue;
      this.#commits.set(commit.revision, commit);
      this.#bytes += commit.encoded().length;
    }
    if (this.#commits.size > MAX_COMMITS || this.#bytes > MAX_BYTES) this.#clear();
  }

  /** Takes out those that follow `revision` without a gap, and forgets what is no later. */
  takeAfter(revision: number): Commit[] {
    if (this.#commits.size === 0) return [];
    const run: Commit[] = [];
    for (let next = this.#commits.get(revision + 1); next !== undefined; ) {
      run.push(next);
      next = this.#commits.get(next.revision + 1);
    }
    const last = run.at(-1)?.revision ?? revision;
    for (const [known, commit] of this.#commits) {
      if (known > last) continue;
      this.#commits.delete(known);
      this.#bytes -= commit.encoded().length;
    }
    return run;
  }

  #clear(): void {
    this.#commits.clear();
    this.#bytes = 0;
  }
}
