import { BacksideError } from '@backside/protocol';
import type { AppendEnd, JournalCollection } from './journal-collection.js';

/** Where an append is stored, and what tells it from any other. */
export type AppendPlace = Pick<AppendEnd, 'first' | 'last' | 'appendId'>;

export interface JournalMarkOptions {
  readonly collection: JournalCollection;
  readonly elapsed: () => number;
}

/** For so long a look is good enough to append, in milliseconds. */
const LOOK_EVERY_MS = 2_500;

/**
 * Appends that this node knows to be stored, looked at now and then: so it notices that the journal is no longer the one that it
 * followed, because a backup was restored under it or another history begun, before it appends where nothing of its own is left.
 */
export class JournalMark {
  readonly #options: JournalMarkOptions;
  /** What was the last append at the last look. */
  #mark: AppendPlace | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #doubtedAt = Number.NEGATIVE_INFINITY;

  constructor(options: JournalMarkOptions) {
    this.#options = options;
  }

  /** Something failed: who knows what the server has when it is back. */
  doubt(): void {
    this.#doubtedAt = this.#options.elapsed();
  }

  /**
   * Looks, unless that was a short while ago, whether `end`, the last append known, is there, and what was that the last time: `end`
   * alone may have been stored where the rest had gone already. Throws `internal` if one of them is not, other than by trimming, or if
   * the history is not.
   */
  async assertThere(end: AppendPlace | null): Promise<void> {
    const { collection, elapsed } = this.#options;
    const askedAt = elapsed();
    if (askedAt - this.#lookedAt < LOOK_EVERY_MS && this.#lookedAt > this.#doubtedAt) return;
    const missing = await this.#missingOf(new Set([this.#mark ?? end, end]));
    const first = await collection.history.first();
    if (missing !== null && first <= missing.first) throw lost(collection.history.database, missing);
    this.#mark = end;
    this.#lookedAt = Math.max(this.#lookedAt, askedAt);
  }

  /** The last of these that is not where it was. */
  async #missingOf(places: Iterable<AppendPlace | null>): Promise<AppendPlace | null> {
    let missing: AppendPlace | null = null;
    for (const place of places) {
      if (place === null) continue;
      const found = await this.#options.collection.endOf(place.first);
      if (found?.appendId !== place.appendId) missing = place;
    }
    return missing;
  }
}

function lost(database: string, { first, last }: AppendPlace): BacksideError {
  const what = `revisions ${first} to ${last}, which this node has seen`;
  return new BacksideError('internal', `the journal of ${database} has lost ${what}: it was restored or damaged`);
}
