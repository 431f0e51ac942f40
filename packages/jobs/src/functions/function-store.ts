import type { PrivateTree, PrivateValue } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { PLACES } from './places.js';

/** Another node runs the functions now. */
export class LeaseLostError extends BacksideError {
  constructor(cause: unknown) {
    super('unavailable', 'another node runs the functions now', { cause });
    this.name = 'LeaseLostError';
  }
}

/**
 * What functions keep, written only as long as this node is the one that runs them: each write is made on condition that nobody has
 * taken over, so a node that stood still for too long changes nothing more.
 */
export class FunctionStore {
  readonly tree: PrivateTree;
  readonly holder: string;
  #waiting: PrivateValue[] = [];
  /** The write that takes what waits; null if nothing does. */
  #next: Promise<void> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tree: PrivateTree, holder: string) {
    this.tree = tree;
    this.holder = holder;
  }

  /** Makes all changes or none. Rejects with `LeaseLostError`, or as `PrivateTree.update` does. */
  async write(changes: readonly PrivateValue[]): Promise<void> {
    try {
      await this.tree.update(changes, [{ path: PLACES.holder, value: this.holder }]);
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') throw new LeaseLostError(error);
      throw error;
    }
  }

  /** As `write`, together with what others ask for meanwhile. Paths of callers must be disjoint. */
  writeSoon(changes: readonly PrivateValue[]): Promise<void> {
    this.#waiting.push(...changes);
    if (this.#next === null) {
      this.#next = this.#last.then(() => this.#writeWaiting());
      // Whoever asked hears of a failure; those behind make their own try.
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  #writeWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#next = null;
    return this.write(batch);
  }

  json(path: Path): Json {
    const text = this.tree.read(path);
    return typeof text === 'string' ? (JSON.parse(text) as Json) : null;
  }
}
