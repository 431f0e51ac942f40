import type { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';

/** Letters that one write removes. */
const MAX_REMOVED = 500;

/** Keeps the newest dead letters of each function: so many, and any more only for a moment. */
export class DeadLetterBound {
  readonly #store: FunctionStore;
  readonly #maxLetters: number;
  /** Functions that may have too many. */
  readonly #noted: Set<string>;

  constructor(store: FunctionStore, maxLetters: number) {
    this.#store = store;
    this.#maxLetters = maxLetters;
    this.#noted = new Set(store.tree.keys(PLACES.dead));
  }

  /** A function has a new one. */
  note(name: string): void {
    this.#noted.add(name);
  }

  /** Removes the oldest ones that are too many. Rejects as the store does; then the next call goes on. */
  async trim(): Promise<void> {
    for (const name of [...this.#noted]) {
      // Before it is looked at: it may get another one meanwhile.
      this.#noted.delete(name);
      try {
        while (await this.#trimOf(name));
      } catch (error) {
        this.#noted.add(name);
        throw error;
      }
    }
  }

  async #trimOf(name: string): Promise<boolean> {
    const keys = this.#store.tree.keys(PLACES.deadOf(name));
    const excess = keys.slice(0, Math.min(MAX_REMOVED, Math.max(0, keys.length - this.#maxLetters)));
    if (excess.length === 0) return false;
    await this.#store.write(excess.map((key) => ({ path: PLACES.deadEntry(name, key), value: null })));
    return true;
  }
}
