import { BacksideError, type Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Path } from '@backside/tree';
import { batchesOf } from './batches-of.js';
import { type History, touches } from './history.js';
import type { JournalReach } from './journal-reach.js';

/** What a subscriber that was away asks for. */
export interface TailRequest {
  readonly path: Path;
  /** The revision that it has. */
  readonly after: number;
  /** What its right to read rests on. If any of it has changed meanwhile, what came before that is not for it. */
  readonly basis: readonly Path[];
}

/** What a subscriber is given that was away. */
export interface Tail {
  readonly request: TailRequest;
  /** The commits that touch its path, in order. */
  readonly commits: readonly Commit[];
  /** Up to which revision nothing is missing among them; never beyond this node's state. */
  readonly reached: number;
}

export interface TailReaderOptions {
  readonly journal: Journal;
  readonly reach: JournalReach;
  readonly history: History;
  /** Commits that are looked at at most. */
  readonly maxCommits: number;
  /** Bytes of commits that are given one by one at most, in their encoded form. */
  readonly maxBytes: number;
}

/** Finds what subscribers missed: in memory, and in the journal where memory does not reach back, one at a time. */
export class TailReader {
  readonly #options: TailReaderOptions;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: TailReaderOptions) {
    this.#options = options;
  }

  /**
   * What the subscriber misses; null if it is no longer kept or out of reach, is more than is given one by one, or may be none of its
   * business.
   */
  async read(request: TailRequest): Promise<Tail | null> {
    const { after } = request;
    const { history, maxCommits } = this.#options;
    if (history.revision - after > maxCommits) return null;
    if (after >= history.floor) return { request, commits: [], reached: after };
    const read = (): Promise<Tail | null> => this.#readJournal(request);
    const reading = this.#reading.then(read, read);
    this.#reading = reading;
    return reading;
  }

  /** The tail up to the present, if memory has what came since it was read and the same conditions hold. */
  complete({ request, commits, reached }: Tail): readonly Commit[] | null {
    const rest = this.#options.history.since(reached);
    if (rest === null || rest.some((commit) => disturbs(commit, request))) return null;
    const all = [...commits, ...rest.filter((commit) => touches(commit, request.path))];
    const bytes = all.reduce((sum, commit) => sum + commit.encoded().length, 0);
    return bytes > this.#options.maxBytes ? null : all;
  }

  /**
   * Goes no further than this node's state at the time of the reading: the journal may be ahead of it, and what the state still lacks
   * comes to the subscriber as an event once it is applied.
   */
  async #readJournal(request: TailRequest): Promise<Tail | null> {
    const { journal, reach, history, maxBytes } = this.#options;
    const found: Commit[] = [];
    let reached = request.after;
    let bytes = 0;
    try {
      for await (const batch of batchesOf(journal, { after: request.after, reach })) {
        const commits = batch.filter(({ revision }) => revision <= history.revision);
        if (commits.some((commit) => disturbs(commit, request))) return null;
        for (const commit of commits) {
          if (!touches(commit, request.path)) continue;
          found.push(commit);
          bytes += commit.encoded().length;
        }
        reached = commits.at(-1)?.revision ?? reached;
        if (bytes > maxBytes) return null;
        if (reached >= history.revision) break;
      }
      return { request, commits: found, reached };
    } catch (error) {
      if (error instanceof BacksideError && (error.code === 'not-found' || error.code === 'unavailable')) return null;
      throw error;
    }
  }
}

function disturbs(commit: Commit, { basis }: TailRequest): boolean {
  return basis.some((path) => touches(commit, path));
}
