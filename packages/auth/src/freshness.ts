import type { PrivateTree } from './private-tree.js';

/** Refreshes of the private tree, shared: all that ask while one is under way wait together for one that begins after it. */
export class Freshness {
  readonly #tree: PrivateTree;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  /** Afterwards this node reads what had been acknowledged anywhere before the call. */
  refresh(): Promise<void> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#beginAfter(this.#running);
    return this.#next;
  }

  #begin(): Promise<void> {
    const running = this.#tree.refresh().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #beginAfter(running: Promise<void>): Promise<void> {
    await Promise.allSettled([running]);
    this.#next = null;
    return this.#begin();
  }
}
