import { BacksideError } from '@backside/protocol';
import type { JournalCollection, StoredAppend } from './journal-collection.js';
import { type AppendPlace, JournalMark } from './journal-mark.js';
import { RecentAppends } from './recent-appends.js';

/** Bytes of commits kept at hand. */
const RECENT_BYTES = 4 * 1024 * 1024;
/** Groups of commits that others told of, remembered; and so many of them are looked at for the end of an append. */
const MAX_TOLD = 32;
const MAX_GUESSES = 3;
/** After so many appends read one by one the end is looked up, where it must be known: others may append as fast as this node reads. */
const MAX_STEPS = 16;

export interface JournalTipOptions {
  readonly collection: JournalCollection;
  readonly elapsed: () => number;
  /** How long an append is kept at least after a trimmer has seen it, in milliseconds. */
  readonly graceMs: number;
}

/**
 * What this node knows of the end of the journal. It moves from the end of one append to the end of the next only, so what it names
 * is where an append belongs.
 *
 * That the end is the end shows by nothing being stored behind it, which proves nothing where the journal has been trimmed. So
 * whoever last saw the end longer ago than appends are sure to be kept asks what was trimmed before he believes anything.
 */
export class JournalTip {
  readonly recent: RecentAppends = new RecentAppends(RECENT_BYTES);
  readonly #options: JournalTipOptions;
  readonly #mark: JournalMark;
  /** The last append that is known; null if there is none. */
  #end: AppendPlace | null = null;
  #total = 0;
  /** A time at which nothing was stored behind `revision`: so nothing behind it has been trimmed for `graceMs` from then on. */
  #endAt = Number.NEGATIVE_INFINITY;
  #appending = 0;
  /** First revisions of what others told of, oldest first: where an append may begin. */
  #told: number[] = [];
  #refreshing: Promise<void> | null = null;
  #refreshingNext: Promise<void> | null = null;

  constructor(options: JournalTipOptions) {
    this.#options = options;
    this.#mark = new JournalMark(options);
  }

  /** The end of the last append that is known. */
  get revision(): number {
    return this.#end?.last ?? 0;
  }

  /** Bytes of the journal up to it. */
  get total(): number {
    return this.#total;
  }

  /** Resolves once everything is known that was stored at the time of the call. */
  refresh(): Promise<void> {
    if (this.#refreshing === null) return this.#refresh();
    // What is being asked already may have been answered before this call.
    const again = (): Promise<void> => this.#refresh();
    this.#refreshingNext ??= this.#refreshing.then(again, again);
    return this.#refreshingNext;
  }

  /** Moves on a little; the end may be further. Asks nothing while an append of this node does, whose answer tells as much. */
  async follow(): Promise<void> {
    if (this.#refreshing !== null) await this.#refreshing;
    else if (this.#appending === 0) await this.#walkOn();
  }

  /**
   * Throws `internal` if the journal is no longer the one that this node has followed, as far as was to be seen a short while ago.
   */
  async assertFollowed(): Promise<void> {
    await this.#mark.assertThere(this.#end);
  }

  /** A request failed: `assertFollowed` looks again, however short a while it is. */
  doubt(): void {
    this.#mark.doubt();
  }

  /** Runs an append of this node. */
  async whileAppending<Result>(append: () => Promise<Result>): Promise<Result> {
    this.#appending += 1;
    try {
      return await append();
    } finally {
      this.#appending -= 1;
    }
  }

  /** Others say that an append may begin at this revision. */
  told(first: number): void {
    this.#told.push(first);
    if (this.#told.length > MAX_TOLD) this.#told = this.#told.slice(-MAX_TOLD / 2);
  }

  /** Resolves once `revision` is no longer below the given one, or everything is known that was stored at the time of the call. */
  async reach(revision: number): Promise<void> {
    if (this.revision >= revision || (await this.#jump(revision))) return;
    if (!(await this.#walk(MAX_STEPS, revision))) await this.#lookUp();
  }

  /** Takes note of an append that was found right behind an earlier `revision`. */
  async overtaken(found: StoredAppend): Promise<void> {
    if (await this.isTrustworthy(found.first - 1)) this.#advance(found);
  }

  /** Takes note of an append that was just stored here, by a request that began at `askedAt`. */
  appended(append: StoredAppend, askedAt: number): void {
    this.#advance(append);
    if (this.revision === append.last) this.#isEnd(askedAt);
  }

  /**
   * Whether what was asked about the place right behind `revision` was answered by the journal, and not by the void that trimming
   * leaves. If not, the end has been looked up anew.
   */
  async isTrustworthy(revision: number): Promise<boolean> {
    const { collection, elapsed, graceMs } = this.#options;
    if (elapsed() - this.#endAt < graceMs) return true;
    if ((await collection.history.first()) <= revision + 1) return true;
    await this.#lookUp();
    if (this.revision > revision) return false;
    throw new BacksideError('internal', `the journal has been trimmed behind its end, ${revision}`);
  }

  #refresh(): Promise<void> {
    this.#refreshingNext = null;
    this.#refreshing = this.#readOn().finally(() => {
      this.#refreshing = this.#refreshingNext;
    });
    return this.#refreshing;
  }

  async #readOn(): Promise<void> {
    if (this.#endAt === Number.NEGATIVE_INFINITY) await this.#lookUp();
    if (!(await this.#walkOn())) await this.#lookUp();
  }

  /** Goes on to the end of the journal that this node has followed, or some steps; resolves with whether it came there. */
  async #walkOn(): Promise<boolean> {
    await this.assertFollowed();
    return this.#walk(MAX_STEPS);
  }

  /** Goes from one append to the next; resolves with whether it came to `until` or to the end. */
  async #walk(maxSteps: number, until: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { collection, elapsed } = this.#options;
    for (let steps = 0; steps < maxSteps && this.revision < until; steps++) {
      const revision = this.revision;
      const askedAt = elapsed();
      const next = await collection.at(revision + 1, { strict: true });
      if (!(await this.isTrustworthy(revision))) continue;
      if (next !== null) {
        this.#advance(next);
      } else if (revision === this.revision) {
        this.#isEnd(askedAt);
        return true;
      }
    }
    return this.revision >= until;
  }

  /**
   * Goes to `revision` at once, if an append that others told of is found to end there. Without that it takes a step for each append in
   * between, or a question about order, for which some servers look at everything that they have.
   */
  async #jump(revision: number): Promise<boolean> {
    const guesses = this.#told.filter((first) => first > this.revision && first <= revision).slice(-MAX_GUESSES);
    for (const first of guesses.reverse()) {
      const end = await this.#options.collection.endOf(first);
      if (this.revision >= revision) return true;
      if (end?.last !== revision) continue;
      this.#end = end;
      this.#total = end.total;
      this.recent.clear();
      return true;
    }
    return false;
  }

  #advance({ first, last, total, bytes, commits, appendId }: StoredAppend): void {
    if (first !== this.revision + 1) return;
    this.#end = { first, last, appendId };
    this.#total = total;
    this.recent.add({ first, last, bytes, commits });
  }

  async #lookUp(): Promise<void> {
    const askedAt = this.#options.elapsed();
    const known = this.revision;
    const end = await this.#options.collection.last();
    const last = end?.last ?? 0;
    if (last < known) throw new BacksideError('internal', `the journal ends at ${last}, and ended at ${known} before`);
    if (end !== null && last > this.revision) {
      this.#end = end;
      this.#total = end.total;
      this.recent.clear();
    }
    this.#isEnd(askedAt);
  }

  #isEnd(askedAt: number): void {
    this.#endAt = Math.max(this.#endAt, askedAt);
  }
}
