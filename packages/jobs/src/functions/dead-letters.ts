import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { isValidKey } from '@backside/tree';
import type { FunctionDeadLetter } from './options.js';
import { PLACES } from './places.js';
import { asStored, type StoredDeadLetter } from './stored-event.js';

/** Names a dead letter. */
export type LetterName = Pick<FunctionDeadLetter, 'function' | 'key'>;

/** The dead letters of functions, from any node: whichever one runs the functions does what is asked for here. */
export class DeadLetters {
  readonly #tree: PrivateTree;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  /** Newest first, `limit` at most; of one function, or of all. Holds no more letters than these at a time, for they can be large. */
  list(limit: number, name?: string): FunctionDeadLetter[] {
    const names = name === undefined ? this.#tree.keys(PLACES.dead) : [name].filter((one) => isValidKey(one));
    const newest: FunctionDeadLetter[] = [];
    for (const of of names) {
      for (const letter of this.#newest(of, limit)) {
        const older = newest.findIndex(({ time }) => time < letter.time);
        newest.splice(older === -1 ? newest.length : older, 0, letter);
        if (newest.length > limit) newest.pop();
      }
    }
    return newest;
  }

  *#newest(name: string, limit: number): Generator<FunctionDeadLetter> {
    for (const key of this.#tree.keys(PLACES.deadOf(name)).slice(-limit)) {
      const stored = this.#stored({ function: name, key });
      if (stored === null) continue;
      const { event, reason, attempts, time } = stored;
      yield { function: name, key, reason, attempts, time, event };
    }
  }

  /**
   * Has a dead letter run again, from its first try; resolves once that is stored. False if there is none. Rejects with
   * `precondition-failed` if its function is gone, or its values were not kept.
   */
  async retry(letter: LetterName): Promise<boolean> {
    await this.#tree.refresh();
    const stored = this.#stored(letter);
    if (stored === null) return false;
    if (this.#tree.read(PLACES.knownOf(letter.function)) === null)
      throw new BacksideError('precondition-failed', 'there is no such function any more');
    if (stored.attempts === 0)
      throw new BacksideError('precondition-failed', 'the values of its event were too large to be kept');
    await this.#tree.update([{ path: PLACES.revival(letter.function, letter.key), value: true }]);
    return true;
  }

  /** Forgets a dead letter. False if there is none. */
  async drop(letter: LetterName): Promise<boolean> {
    await this.#tree.refresh();
    if (this.#stored(letter) === null) return false;
    await this.#tree.update([{ path: PLACES.deadEntry(letter.function, letter.key), value: null }]);
    return true;
  }

  #stored({ function: name, key }: LetterName): StoredDeadLetter | null {
    if (!isValidKey(name) || !isValidKey(key)) return null;
    const text = this.#tree.read(PLACES.deadEntry(name, key));
    return typeof text === 'string' ? asStored<StoredDeadLetter>(JSON.parse(text)) : null;
  }
}
