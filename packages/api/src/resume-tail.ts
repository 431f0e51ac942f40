import { BacksideError, type Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Path } from '@backside/tree';
import { type History, touches } from './history.js';

/** What a subscriber is given that was away. */
export interface Tail {
  /** The commits that touch its path, in order. */
  readonly commits: readonly Commit[];
  /** Up to which revision nothing is missing among them. */
  readonly reached: number;
}

export interface TailBounds {
  /** Commits that are looked at at most. */
  readonly maxCommits: number;
  /** Bytes of commits that are given one by one at most, in their encoded form. */
  readonly maxBytes: number;
}

/** Finds what subscribers missed: in memory, and in the journal where memory does not reach back, one at a time. */
export class TailReader {
  readonly #journal: Journal;
  readonly #history: History;
  readonly #bounds: TailBounds;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, history: History, bounds: TailBounds) {
    this.#journal = journal;
    this.#history = history;
    this.#bounds = bounds;
  }

  /** What follows `revision` at `path`; null if it is no longer kept, or more than a subscriber is given one by one. */
  async read(path: Path, revision: number): Promise<Tail | null> {
    if (this.#history.revision - revision > this.#bounds.maxCommits) return null;
    if (revision >= this.#history.floor) return { commits: [], reached: revision };
    const read = (): Promise<Tail | null> => this.#readJournal(path, revision);
    const reading = this.#reading.then(read, read);
    this.#reading = reading;
    return reading;
  }

  /** The tail up to the present, if memory has what came since it was read. */
  complete(path: Path, { commits, reached }: Tail): readonly Commit[] | null {
    const rest = this.#history.since(reached);
    if (rest === null) return null;
    const all = [...commits, ...rest.filter((commit) => touches(commit, path))];
    const bytes = all.reduce((sum, commit) => sum + commit.encoded().length, 0);
    return bytes > this.#bounds.maxBytes ? null : all;
  }

  async #readJournal(path: Path, after: number): Promise<Tail | null> {
    const found: Commit[] = [];
    let reached = after;
    let bytes = 0;
    try {
      for await (const commits of this.#journal.commits(after)) {
        for (const commit of commits) {
          if (!touches(commit, path)) continue;
          found.push(commit);
          bytes += commit.encoded().length;
        }
        reached = commits.at(-1)?.revision ?? reached;
        if (bytes > this.#bounds.maxBytes) return null;
      }
      return { commits: found, reached };
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'not-found') return null;
      throw error;
    }
  }
}
