import { rangesOf } from './char-set.js';
import type { CharSet } from './regex-syntax.js';

const ASCII = 0x80;

/** Code units that no set of a pattern tells apart are one letter. */
export class Alphabet {
  /** The first unit of each letter, in order; a letter ends where the next one begins. */
  readonly #firsts: readonly number[];
  readonly #ascii: Uint16Array = new Uint16Array(ASCII);

  constructor(sets: Iterable<CharSet>) {
    const firsts = new Set([0]);
    for (const set of sets) {
      for (const [from, to] of rangesOf(set)) firsts.add(from).add(to + 1);
    }
    this.#firsts = [...firsts].sort((a, b) => a - b);
    for (let unit = 0; unit < ASCII; unit++) this.#ascii[unit] = this.#find(unit);
  }

  get size(): number {
    return this.#firsts.length;
  }

  letterOf(unit: number): number {
    return unit < ASCII ? this.#ascii[unit]! : this.#find(unit);
  }

  /** A unit that the letter stands for. */
  unitOf(letter: number): number {
    return this.#firsts[letter]!;
  }

  #find(unit: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#firsts[middle]! <= unit) low = middle;
      else high = middle;
    }
    return low;
  }
}
