import type { AppendEnd, JournalCollection } from './journal-collection.js';
import type { JournalTip } from './journal-tip.js';
import type { MongoRetention } from './options.js';

export interface TrimmingOptions {
  readonly collection: JournalCollection;
  readonly tip: JournalTip;
  readonly retention: MongoRetention;
  readonly graceMs: number;
  readonly now: () => number;
  readonly elapsed: () => number;
}

/** The end of the journal as this node knew it at some time. */
interface Sighting {
  readonly revision: number;
  readonly at: number;
}

/**
 * Removes the oldest appends: those that nobody needs, that retention does not keep, and that this node has known for `graceMs`, so
 * that whoever was in touch with the journal as long ago as that has noticed them. Never the last one, after which the next is stored.
 */
export class Trimming {
  readonly #options: TrimmingOptions;
  #sightings: Sighting[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(options: TrimmingOptions) {
    this.#options = options;
  }

  /** Removes what ends at or before `revision`, as far as that may be. */
  trim(revision: number): Promise<void> {
    const done = this.#running.then(() => this.#trim(Math.min(revision, this.#seenLongAgo())));
    this.#running = done.catch(() => undefined);
    return done;
  }

  async #trim(limit: number): Promise<void> {
    const { collection, tip } = this.#options;
    const first = await collection.history.first();
    await collection.removeForeign(tip.revision + 1);
    if (limit < first) return;
    let keepFrom = first;
    for await (const end of collection.ends(first, limit)) {
      if (end.last > limit || end.last >= tip.revision || this.#isRetained(end)) break;
      keepFrom = end.last + 1;
    }
    if (keepFrom === first) return;
    await collection.trimBefore(keepFrom);
    tip.recent.dropBefore(keepFrom);
  }

  #isRetained({ time, bytes: own, total }: AppendEnd): boolean {
    const { retention, now, tip } = this.#options;
    const { ageMs, bytes } = retention;
    if (ageMs === undefined && bytes === undefined) return false;
    return (ageMs === undefined || now() - time < ageMs) && (bytes === undefined || tip.total - total + own <= bytes);
  }

  /** The newest end that was known `graceMs` ago. One sighting in each eighth of that time is enough. */
  #seenLongAgo(): number {
    const { tip, elapsed, graceMs } = this.#options;
    const at = elapsed();
    const newest = this.#sightings.at(-1);
    if (newest === undefined || at - newest.at >= graceMs / 8) this.#sightings.push({ revision: tip.revision, at });
    const old = this.#sightings.findLastIndex((sighting) => at - sighting.at >= graceMs);
    if (old > 0) this.#sightings = this.#sightings.slice(old);
    return old === -1 ? 0 : this.#sightings[0]!.revision;
  }
}
