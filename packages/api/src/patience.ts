import { BacksideError } from '@backside/protocol';

/** How often calls are looked at within the time that they have. */
const LOOKS = 4;

interface Waiting {
  /** The look at which it is given up. */
  readonly until: number;
  /** What it has, in milliseconds. */
  readonly ms: number;
  readonly giveUp: (error: BacksideError) => void;
}

/** A call went unanswered for too long. What it asked for may happen nevertheless. */
export class LateAnswerError extends BacksideError {
  constructor(ms: number) {
    super('unavailable', `no answer came within ${ms} ms`);
    this.name = 'LateAnswerError';
  }
}

/**
 * Gives up on calls that stay unanswered. Time is counted in looks that this process was awake to take, so that one that
 * stood still does not blame others for it; a call has between one and one and a quarter of its time.
 */
export class Patience {
  readonly #ms: number;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #waiting = new Set<Waiting>();
  #looks = 0;
  #watching = false;

  constructor(ms: number, sleep: (ms: number) => Promise<void>) {
    this.#ms = ms;
    this.#sleep = sleep;
  }

  /** Settles as `call` does, or rejects with `LateAnswerError` once it has had `times` the usual time. */
  bound<Answer>(call: Promise<Answer>, times = 1): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = { until: this.#looks + LOOKS * times + 1, ms: this.#ms * times, giveUp: reject };
      this.#waiting.add(waiting);
      const answered = (): void => {
        this.#waiting.delete(waiting);
      };
      call.then(answered, answered);
      call.then(resolve, reject);
      if (!this.#watching) void this.#watch();
    });
  }

  /** Rejects every call under way with `error`. */
  end(error: BacksideError): void {
    for (const { giveUp } of this.#waiting) giveUp(error);
    this.#waiting.clear();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#waiting.size > 0) {
      await this.#sleep(this.#ms / LOOKS);
      this.#look();
    }
    this.#watching = false;
  }

  #look(): void {
    this.#looks += 1;
    for (const waiting of this.#waiting) {
      if (waiting.until > this.#looks) continue;
      this.#waiting.delete(waiting);
      waiting.giveUp(new LateAnswerError(waiting.ms));
    }
  }
}
