import { BacksideError } from '@backside/protocol';

/**
 * Lets so many tasks run at once; others wait in line, and beyond `maxWaiting` are refused with `rate-limited`. Keeps slow
 * hashes from taking all threads of the process and a flood of them from taking its memory.
 */
export class WorkGate {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: { readonly maxRunning: number; readonly maxWaiting: number }) {
    this.#maxRunning = limits.maxRunning;
    this.#maxWaiting = limits.maxWaiting;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Whoever leaves hands its place to the first in line. */
  async #enter(): Promise<void> {
    if (this.#running < this.#maxRunning) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new BacksideError('rate-limited', 'Too many sign-ins at once', { retryAfterMs: 2000 });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
