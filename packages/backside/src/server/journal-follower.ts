import type { Notice } from '@backside/notifier';
import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';

export interface JournalFollowerOptions {
  readonly journal: Journal;
  readonly logger: Logger;
  /** How long until the journal is looked at although nobody told of new commits, in milliseconds. */
  readonly lookMs: () => number;
  /** The last revision that was taken. */
  readonly revision: () => number;
  /** Takes the next commits: the first has revision + 1. */
  readonly take: (commits: readonly Commit[]) => void;
  /** Called when the journal no longer has what comes next. */
  readonly lost: (error: BacksideError) => void;
}

/** Has a primary take what other nodes append to a shared journal: as they tell of it, and from the journal. */
export class JournalFollower {
  readonly #options: JournalFollowerOptions;
  #timer: NodeJS.Timeout;
  #reading: Promise<void> | null = null;
  /** Whether there may be more than the reading under way will find. */
  #again = false;
  #failing = false;
  #closed = false;

  constructor(options: JournalFollowerOptions) {
    this.#options = options;
    this.#timer = this.#lookLater();
  }

  /** Takes what another node tells, or reads it from the journal if that does not follow what is known. */
  readonly receive = ({ commits, head }: Notice): void => {
    if (this.#closed) return;
    this.#takeFresh(commits);
    if (head === null || head > this.#options.revision()) this.look();
  };

  /** Reads what the journal has more, one reading at a time. */
  look(): void {
    this.#again = true;
    if (this.#closed) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
  }

  /** Resolves when nothing is taken any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#reading;
  }

  #lookLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.look();
      this.#timer = this.#lookLater();
    }, this.#options.lookMs()).unref();
  }

  async #read(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        for await (const commits of this.#options.journal.commits(this.#options.revision())) {
          if (this.#closed) return;
          this.#takeFresh(commits);
        }
        this.#failing = false;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #takeFresh(commits: readonly Commit[]): void {
    const revision = this.#options.revision();
    const fresh = commits.filter((commit) => commit.revision > revision);
    if (fresh[0]?.revision === revision + 1) this.#options.take(fresh);
  }

  /** The next look tries again; the first failure of several is logged. */
  #failed(error: unknown): void {
    if (error instanceof BacksideError && error.code === 'not-found') {
      this.#closed = true;
      this.#options.lost(error);
    } else if (!this.#failing) {
      this.#failing = true;
      this.#options.logger.warn({ err: error }, 'the journal cannot be read; trying again');
    }
  }
}
