import type { Notice } from '@backside/notifier';
import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { batchesOf } from './batches-of.js';
import { EarlyCommits } from './early-commits.js';
import { HeadReads } from './head-reads.js';
import type { JournalReach } from './journal-reach.js';

/** First and longest wait between two tries to read the journal, in milliseconds. */
const MIN_RETRY_MS = 5;
const MAX_RETRY_MS = 1_000;
/** Between two looks of somebody who waits for a journal that does not answer, in milliseconds. */
const UNREADABLE_MS = 100;

/**
 * So many answers in a row that lie before what this node has had from the journal, or by which the journal is another one now, and it
 * is not a late answer any more: a backup was restored, or the server lost what it had acknowledged.
 */
const MAX_DENIALS = 5;

export interface FollowerOptions {
  readonly journal: Journal;
  readonly reach: JournalReach;
  readonly logger: Logger;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly revision: () => number;
  /** Takes the next commits: the first has revision + 1. */
  readonly apply: (commits: readonly Commit[]) => void;
  /** Called when the journal no longer has what is missing here, lost what is here, or is another one: nothing can make this state agree with it. */
  readonly lost: (error: BacksideError) => void;
}

/**
 * Keeps this node's state level with the journal: takes what others publish, and reads whatever is missing. At most one question
 * for the head and one reading of commits are under way.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #heads: HeadReads;
  readonly #early = new EarlyCommits();
  /** The newest revision that anybody told of. */
  #known = 0;
  /** A reading of the journal under way, and how long to wait after one that brought nothing. */
  #reading: Promise<void> | null = null;
  #retryMs = MIN_RETRY_MS;
  #closed = false;
  /** Answers in a row by which the journal is not the one that this node has followed. */
  #denials = 0;
  /** Notices that brought something new. */
  #news = 0;
  /** Whether this node only begins to follow, and why it never will. */
  #opening = false;
  #failure: BacksideError | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#heads = new HeadReads(() => this.#askForHead(), options.now);
  }

  /** How many revisions this state is behind, as far as is known. */
  get lag(): number {
    return Math.max(0, this.#known - this.#options.revision());
  }

  /** Resolves once this state has all that anybody told of; null if it does. */
  catchUpWithNews(): Promise<void> | null {
    return this.lag === 0 ? null : this.catchUp(this.#known);
  }

  /** Grows with each notice that told of something that was not known yet. */
  get news(): number {
    return this.#news;
  }

  /** Takes what another node tells: applies the commits that follow, and reads whatever else there is from the journal. */
  readonly receive = ({ commits, head }: Notice): void => {
    if (this.#closed) return;
    if (head === null || head > this.#options.revision()) this.#news += 1;
    if (commits.length > 0) this.#options.journal.told?.(commits);
    this.take(commits);
    if (head !== null) void this.catchUp(head);
    else void this.look();
  };

  /** Takes what the journal itself tells of its head. */
  readonly told = (head: number): void => this.receive({ commits: [], head });

  /**
   * Applies commits that follow, ignores known ones, and reads the journal where one is missing, before them or among them: what another
   * node tells at once is all its own, and others may have written in between.
   */
  take(commits: readonly Commit[]): void {
    if (this.#closed) return;
    const { next, later } = inOrder(commits, this.#options.revision());
    if (later.length > 0) this.#early.keep(later);
    if (next.length > 0) this.#apply(next);
    if (later.length > 0) void this.catchUp(later.at(-1)!.revision);
  }

  async #askForHead(): Promise<number> {
    const { reach, journal, revision } = this.#options;
    const applied = revision();
    try {
      const head = await reach.ask(() => journal.head());
      const text = `the journal ends at revision ${head}, but this node has had ${applied} from it: durable commits are gone`;
      if (head < applied) this.#denied(new BacksideError('internal', text));
      else this.#denials = 0;
      return head;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'internal') this.#denied(error);
      throw error;
    }
  }

  #denied(error: BacksideError): void {
    this.#denials += 1;
    if (this.#denials !== MAX_DENIALS || this.#closed) return;
    this.close();
    this.#options.lost(error);
  }

  #apply(commits: readonly Commit[]): void {
    this.#options.apply(commits);
    const next = this.#early.takeAfter(this.#options.revision());
    if (next.length > 0) this.#options.apply(next);
  }

  /** Resolves once the state is at least at `revision`, or this is closed. Retries for ever. */
  async catchUp(revision: number): Promise<void> {
    this.#known = Math.max(this.#known, revision);
    while (!this.#closed && this.#options.revision() < revision) {
      this.#reading ??= this.#readTail().finally(() => {
        this.#reading = null;
      });
      await this.#reading;
    }
  }

  /**
   * As `catchUp`, for a node that begins. Rejects with `not-found` if the journal no longer has what is missing, and with `internal` if that
   * is damaged: no try mends either, and the node does not serve yet.
   */
  async open(revision: number): Promise<void> {
    this.#opening = true;
    await this.catchUp(revision);
    this.#opening = false;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Takes note of an error that no other try mends; false for any other. */
  #gaveUp(error: unknown): boolean {
    if (!(error instanceof BacksideError)) return false;
    if (error.code !== 'not-found' && !(this.#opening && error.code === 'internal')) return false;
    this.close();
    if (this.#opening) this.#failure = error;
    else this.#options.lost(error);
    return true;
  }

  /** Reads what is missing; if that fails, resolves when it is time to try again. */
  async #readTail(): Promise<void> {
    const { revision, sleep, logger } = this.#options;
    const before = revision();
    try {
      await this.#read();
    } catch (error) {
      if (this.#closed || this.#gaveUp(error)) return;
      logger.warn({ err: error, retryMs: this.#retryMs }, 'the journal cannot be read; trying again');
    }
    if (revision() > before) {
      this.#retryMs = MIN_RETRY_MS;
    } else {
      await sleep(this.#retryMs);
      this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
    }
  }

  async #read(): Promise<void> {
    const { journal, reach, revision } = this.#options;
    for await (const commits of batchesOf(journal, { after: revision(), reach })) {
      if (this.#closed) return;
      const fresh = commits.filter((commit) => commit.revision > revision());
      if (fresh.length > 0) this.#apply(fresh);
      if (this.lag === 0) return;
    }
  }

  /**
   * Resolves once the state has everything that was in the journal at the time of the call. Rejects with `unavailable` if the journal
   * cannot be asked.
   */
  async refresh(): Promise<void> {
    const { reach } = this.#options;
    if (reach.lost) throw reach.silence();
    const { head, askedAt } = await this.#heads.read();
    await reach.whileInReach(this.catchUp(head));
    reach.levelAsOf(askedAt);
  }

  /** Resolves as `refresh` does, or once the journal is known to be out of reach: then the state is what there is to go by. */
  async refreshIfReached(): Promise<void> {
    const { reach, logger, sleep } = this.#options;
    while (!this.#closed && !reach.lost) {
      try {
        return await this.refresh();
      } catch (error) {
        logger.warn({ err: error }, 'the head of the journal cannot be read');
      }
      if (!reach.lost) await sleep(UNREADABLE_MS);
    }
  }

  /** Asks for the head, also while the journal seems out of reach, and begins to read what is missing. Resolves with whether anything was. */
  async look(): Promise<boolean> {
    const { reach, logger, revision } = this.#options;
    try {
      const { head, askedAt } = await this.#heads.read();
      const missing = head > revision();
      void this.catchUp(head).then(() => reach.levelAsOf(askedAt));
      return missing;
    } catch (error) {
      if (!reach.lost) logger.warn({ err: error }, 'the head of the journal cannot be read');
      return false;
    }
  }

  close(): void {
    this.#closed = true;
  }
}

/** Of commits in the order of their revisions: those that follow `revision` without a gap, and those behind the first gap. */
function inOrder(commits: readonly Commit[], revision: number): { next: readonly Commit[]; later: readonly Commit[] } {
  const next: Commit[] = [];
  for (const [index, commit] of commits.entries()) {
    const end = revision + next.length;
    if (commit.revision > end + 1) return { next, later: commits.slice(index) };
    if (commit.revision === end + 1) next.push(commit);
  }
  return { next, later: [] };
}
