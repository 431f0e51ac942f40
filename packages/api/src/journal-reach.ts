import { BacksideError, type Logger } from '@backside/protocol';
import { LateAnswerError, Patience } from './patience.js';

/** When a write that the journal did not take is worth another try, in milliseconds. */
export const RETRY_AFTER_MS = 1_000;

export interface JournalReachOptions {
  /** Whether the journal is somewhere else, so that it can be out of reach. If not, calls are passed on as they are. */
  readonly remote: boolean;
  /** How long a call may stay unanswered, in milliseconds. */
  readonly patienceMs: number;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Whether this node reaches the journal that it shares with others. It is out of reach once a call had no answer in time, or failed,
 * and no other call has been answered for as long; it is in reach again with the next answer. Whoever waits is told at once.
 */
export class JournalReach {
  readonly #options: JournalReachOptions;
  readonly #patience: Patience;
  readonly #listeners: ((lost: boolean) => void)[] = [];
  #answers = 0;
  #doubted = false;
  #lost = false;
  /** Everything that was acknowledged before is in this node's state. */
  #levelAt: number;

  constructor(options: JournalReachOptions) {
    this.#options = options;
    this.#patience = new Patience(options.patienceMs, options.sleep);
    this.#levelAt = options.now();
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Whether the last answer was a failure, so that it may soon be lost. */
  get doubted(): boolean {
    return this.#doubted || this.#lost;
  }

  /** Calls back each time when the journal has just gone out of reach, after calls under way were given up, or is in reach again. */
  onChange(listener: (lost: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Settles as `call` does; rejects with `unavailable` after `times` the usual patience, or once the journal is out of reach. */
  async ask<Answer>(call: () => Promise<Answer>, times?: number): Promise<Answer> {
    if (!this.#options.remote) return call();
    const before = this.#answers;
    try {
      const answer = await this.#patience.bound(call(), times);
      this.#answered();
      return answer;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'not-found') this.#answered();
      else this.#failed(before, error);
      throw error;
    }
  }

  /** Settles as `work` does, however long that takes, or rejects with `unavailable` once the journal is out of reach. */
  whileInReach<Answer>(work: Promise<Answer>): Promise<Answer> {
    if (!this.#options.remote) return work;
    if (this.#lost) return Promise.reject(this.silence());
    return this.#patience.bound(work, Number.POSITIVE_INFINITY);
  }

  /** What somebody is told who wanted to know something from the journal. */
  silence(cause?: unknown): BacksideError {
    return new BacksideError('unavailable', 'the journal is out of reach', { cause, retryAfterMs: RETRY_AFTER_MS });
  }

  /** What a write is told that had no chance to be stored. */
  refusal(): BacksideError {
    return new BacksideError('unavailable', 'the journal is out of reach; nothing was stored', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  /** This node's state has everything that was acknowledged before `time`. */
  levelAsOf(time: number): void {
    this.#levelAt = Math.max(this.#levelAt, time);
  }

  /** How long ago this node was level with the journal for certain, in milliseconds. */
  sinceLevel(): number {
    return Math.max(0, this.#options.now() - this.#levelAt);
  }

  /** While the journal is out of reach, `sinceLevel`, at least 1; else null. */
  staleness(): number | null {
    return this.#lost ? Math.max(1, this.sinceLevel()) : null;
  }

  #answered(): void {
    this.#answers += 1;
    if (!this.#lost) return;
    this.#lost = false;
    this.#options.logger.info({}, 'the journal is in reach again');
    for (const listener of this.#listeners) listener(false);
  }

  #failed(before: number, error: unknown): void {
    if (this.#lost || this.#answers !== before) return;
    if (error instanceof LateAnswerError) this.#lose(error);
    else if (!this.#doubted) void this.#doubt(error);
  }

  async #doubt(error: unknown): Promise<void> {
    const before = this.#answers;
    this.#doubted = true;
    await this.#options.sleep(this.#options.patienceMs);
    this.#doubted = false;
    if (this.#answers === before && !this.#lost) this.#lose(error);
  }

  #lose(error: unknown): void {
    this.#lost = true;
    this.#options.logger.error({ err: error }, 'the journal is out of reach: writes are refused, reads may be stale');
    this.#patience.end(this.silence(error));
    for (const listener of this.#listeners) listener(true);
  }
}
