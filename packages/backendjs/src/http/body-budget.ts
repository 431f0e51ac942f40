import { LegacyError } from './legacy-error.js';

/** Bounds the bytes of all bodies that are in memory at once. */
export class BodyBudget {
  readonly #max: () => number;
  #held = 0;

  constructor(max: () => number) {
    this.#max = max;
  }

  /** Throws 503 if there is no room. */
  take(bytes: number): void {
    if (this.#held + bytes > this.#max()) throw new LegacyError(503, 'Server is unavailable');
    this.#held += bytes;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}
