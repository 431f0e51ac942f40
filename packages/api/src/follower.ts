import type { Commit, Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';

/** First and longest wait between two tries to read the journal, in milliseconds. */
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 5_000;
/** How often the head of a shared journal is asked for although nobody told of new commits, in milliseconds. */
const POLL_MS = 1_000;

export interface FollowerOptions {
  readonly journal: Journal;
  readonly logger: Logger;
  readonly sleep: (ms: number) => Promise<void>;
  readonly revision: () => number;
  /** Takes the next commits: the first has revision + 1. */
  readonly apply: (commits: readonly Commit[]) => void;
}

/** Keeps this node's state level with the journal: takes what others publish, and reads whatever is missing. */
export class Follower {
  readonly #options: FollowerOptions;
  #reading: Promise<void> | null = null;
  #refreshing: Promise<void> | null = null;
  #refreshingNext: Promise<void> | null = null;
  #closed = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Takes published commits: applies those that follow, ignores known ones, and reads the journal on a gap. */
  readonly receive = (commits: readonly Commit[]): void => {
    if (this.#closed) return;
    const revision = this.#options.revision();
    const fresh = commits.filter((commit) => commit.revision > revision);
    const first = fresh[0];
    if (first === undefined) return;
    if (first.revision === revision + 1 && this.#reading === null) this.#options.apply(fresh);
    else void this.catchUp(fresh.at(-1)!.revision);
  };

  /** Resolves once the state is at the journal's head and at least at `revision`, or this is closed. Retries for ever. */
  async catchUp(revision: number): Promise<void> {
    let retryMs = MIN_RETRY_MS;
    while (!this.#closed) {
      try {
        this.#reading ??= this.#readTail().finally(() => {
          this.#reading = null;
        });
        await this.#reading;
        if (this.#options.revision() >= revision) return;
      } catch (error) {
        this.#options.logger.warn({ err: error, retryMs }, 'the journal cannot be read; trying again');
      }
      await this.#options.sleep(retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
  }

  /** Resolves once the state has everything that was in the journal at the time of the call. */
  refresh(): Promise<void> {
    if (this.#refreshing === null) return this.#refresh();
    // What is being asked already may have been answered before this call.
    const again = (): Promise<void> => this.#refresh();
    this.#refreshingNext ??= this.#refreshing.then(again, again);
    return this.#refreshingNext;
  }

  #refresh(): Promise<void> {
    this.#refreshingNext = null;
    this.#refreshing = this.#options.journal
      .head()
      .then((head) => (head > this.#options.revision() ? this.catchUp(head) : undefined))
      .finally(() => {
        this.#refreshing = this.#refreshingNext;
      });
    return this.#refreshing;
  }

  /** Asks a shared journal for its head now and then: notifications are hints that may be lost. */
  async poll(): Promise<void> {
    while (!this.#closed) {
      await this.#options.sleep(POLL_MS);
      if (this.#closed) return;
      try {
        if ((await this.#options.journal.head()) > this.#options.revision()) await this.catchUp(0);
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'the head of the journal cannot be read');
      }
    }
  }

  async #readTail(): Promise<void> {
    for await (const commits of this.#options.journal.commits(this.#options.revision())) {
      if (this.#closed) return;
      const revision = this.#options.revision();
      const fresh = commits.filter((commit) => commit.revision > revision);
      if (fresh.length > 0) this.#options.apply(fresh);
    }
  }

  close(): void {
    this.#closed = true;
  }
}
