import type { PrivateTree, PrivateValue } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { PLACES } from './places.js';

/** Characters that are written at once about, unless one alone asks for more. */
const MAX_CHARACTERS = 1024 * 1024;

interface Waiting {
  readonly changes: readonly PrivateValue[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

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
  readonly #waiting: Waiting[] = [];
  #writing = false;

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
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      if (!this.#writing) void this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.write(batch.flatMap(({ changes }) => changes));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = false;
  }

  #takeBatch(): Waiting[] {
    let characters = 0;
    let length = 0;
    for (const { changes } of this.#waiting) {
      for (const { value } of changes) characters += typeof value === 'string' ? value.length : 0;
      if (length > 0 && characters > MAX_CHARACTERS) break;
      length += 1;
    }
    return this.#waiting.splice(0, length);
  }

  json(path: Path): Json {
    const text = this.tree.read(path);
    return typeof text === 'string' ? (JSON.parse(text) as Json) : null;
  }
}
