import type { Commit } from '@backside/protocol';

export interface RecentAppend {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly commits: readonly Commit[];
}

/** The newest appends, so that who is a little behind is served without a request. They follow each other without gaps. */
export class RecentAppends {
  readonly #maxBytes: number;
  #appends: RecentAppend[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(append: RecentAppend): void {
    const before = this.#appends.at(-1);
    if (before !== undefined && before.last + 1 !== append.first) this.clear();
    this.#appends.push(append);
    this.#bytes += append.bytes;
    let gone = 0;
    while (this.#bytes > this.#maxBytes) this.#bytes -= this.#appends[gone++]!.bytes;
    if (gone > 0) this.#appends = this.#appends.slice(gone);
  }

  /** Forgets what ends before `first`. */
  dropBefore(first: number): void {
    this.#appends = this.#appends.filter(({ last }) => last >= first);
    this.#bytes = this.#appends.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  clear(): void {
    this.#appends = [];
    this.#bytes = 0;
  }

  /** The append that has the revision. */
  covering(revision: number): RecentAppend | undefined {
    let low = 0;
    let high = this.#appends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#appends[middle]!.last < revision) low = middle + 1;
      else high = middle;
    }
    const found = this.#appends[low];
    return found !== undefined && found.first <= revision ? found : undefined;
  }

  /** The commits from `first` to `last`; undefined unless all are at hand. */
  between(first: number, last: number): Commit[] | undefined {
    let commits: Commit[] = [];
    for (let next = first; next <= last; ) {
      const append = this.covering(next);
      if (append === undefined) return undefined;
      commits = commits.concat(append.commits.slice(next - append.first, last + 1 - append.first));
      next = append.last + 1;
    }
    return commits;
  }
}
