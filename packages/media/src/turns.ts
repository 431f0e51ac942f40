import { BacksideError } from '@backside/protocol';

/** Lets a few tasks run at a time; the next ones wait in line, and beyond `maxWaiting` are refused with `rate-limited`. */
export class Turns {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor({ maxRunning, maxWaiting }: { readonly maxRunning: number; readonly maxWaiting: number }) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#maxRunning) await this.#wait();
    else this.#running++;
    try {
      return await task();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Whoever ends hands its turn to the first in line. */
  #wait(): Promise<void> {
    if (this.#line.length >= this.#maxWaiting) {
      throw new BacksideError('rate-limited', 'too many images at once', { retryAfterMs: 2_000 });
    }
    return new Promise((resolve) => this.#line.push(resolve));
  }
}
