import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';

/** First and longest wait between two tries to read the journal, in milliseconds. */
const MIN_RETRY_MS = 5;
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
  /** Called when the journal no longer has what is missing here: nothing can bring this state up to date. */
  readonly lost: (error: BacksideError) => void;
}

/** Keeps this node's state level with the journal: takes what others publish, and reads whatever is missing. */
export class Follower {
  readonly #options: FollowerOptions;
  /** The revision that somebody waits for. */
  #target = 0;
  #catchingUp: Promise<void> | null = null;
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
    if (first.revision === revision + 1) this.#options.apply(fresh);
    else void this.catchUp(fresh.at(-1)!.revision);
  };

  /** Resolves once the state is at least at `revision`, or this is closed. Retries for ever. */
  async catchUp(revision: number): Promise<void> {
    while (!this.#closed && this.#options.revision() < revision) {
      this.#target = Math.max(this.#target, revision);
      this.#catchingUp ??= this.#readUntilTarget().finally(() => {
        this.#catchingUp = null;
      });
      await this.#catchingUp;
    }
  }

  async #readUntilTarget(): Promise<void> {
    const { revision, sleep, logger, lost } = this.#options;
    let retryMs = MIN_RETRY_MS;
    while (!this.#closed) {
      try {
        await this.#readTail();
        if (revision() >= this.#target) return;
      } catch (error) {
        if (error instanceof BacksideError && error.code === 'not-found') {
          this.close();
          lost(error);
          return;
        }
        logger.warn({ err: error, retryMs }, 'the journal cannot be read; trying again');
      }
      await sleep(retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
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
      .then((head) => this.catchUp(head))
      .finally(() => {
        this.#refreshing = this.#refreshingNext;
      });
    return this.#refreshing;
  }

  /** Asks a shared journal for its head now and then: notifications are hints that may be lost. */
  async poll(): Promise<void> {
    for (;;) {
      await this.#options.sleep(POLL_MS);
      if (this.#closed) return;
      await this.refresh().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the head of the journal cannot be read');
      });
    }
  }

  close(): void {
    this.#closed = true;
  }
}
