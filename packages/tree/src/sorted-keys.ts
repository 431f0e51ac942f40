import { compareKeys, sortedKeys } from './key-order.js';
import { type KeyRange, lowerBound } from './key-range.js';

/** Chunks are split above this many keys; half of it is what a new set is packed with. */
const MAX_CHUNK = 512;

/** A set of keys in key order: adding, deleting and finding the start of a range cost O(log n) comparisons. */
export class SortedKeys {
  /** None is empty; all keys of one come before all keys of the next. */
  readonly #chunks: string[][] = [];

  /** `keys` in any order, without repetition. */
  constructor(keys: Iterable<string>) {
    const sorted = sortedKeys(keys);
    for (let i = 0; i < sorted.length; i += MAX_CHUNK / 2) this.#chunks.push(sorted.slice(i, i + MAX_CHUNK / 2));
  }

  add(key: string): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([key]);
      return;
    }
    const index = Math.min(this.#chunkFor(key), this.#chunks.length - 1);
    const chunk = this.#chunks[index] as string[];
    const at = lowerBound(chunk, key, false);
    if (chunk[at] === key) return;
    chunk.splice(at, 0, key);
    if (chunk.length > MAX_CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(chunk.length >>> 1));
  }

  delete(key: string): void {
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const at = lowerBound(chunk, key, false);
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** The keys in the range, in its direction; `limit` is left to the caller. The set must not change meanwhile. */
  *range(range: KeyRange = {}): Generator<string> {
    yield* range.reverse ? this.#descend(range) : this.#ascend(range);
  }

  *#ascend({ start, startExclusive, end, endExclusive }: KeyRange): Generator<string> {
    let index = start === undefined ? 0 : this.#chunkFor(start);
    let at = start === undefined ? 0 : lowerBound(this.#chunks[index] ?? [], start, startExclusive === true);
    for (; index < this.#chunks.length; index++, at = 0) {
      const chunk = this.#chunks[index] as string[];
      for (; at < chunk.length; at++) {
        const key = chunk[at] as string;
        if (end !== undefined && isPast(compareKeys(key, end), endExclusive)) return;
        yield key;
      }
    }
  }

  *#descend({ start, startExclusive, end, endExclusive }: KeyRange): Generator<string> {
    let index = end === undefined ? this.#chunks.length - 1 : Math.min(this.#chunkFor(end), this.#chunks.length - 1);
    let at = (end === undefined ? this.#chunks[index]?.length : this.#below(index, end, endExclusive)) ?? 0;
    for (; index >= 0; at = this.#chunks[--index]?.length ?? 0) {
      const chunk = this.#chunks[index] as string[];
      while (--at >= 0) {
        const key = chunk[at] as string;
        if (start !== undefined && isPast(compareKeys(start, key), startExclusive)) return;
        yield key;
      }
    }
  }

  #below(index: number, end: string, exclusive: boolean | undefined): number {
    return lowerBound(this.#chunks[index] ?? [], end, exclusive !== true);
  }

  /** The first chunk whose last key is not before `key`; the number of chunks if there is none. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle] as string[];
      if (compareKeys(chunk[chunk.length - 1] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isPast(order: number, exclusive: boolean | undefined): boolean {
  return order > 0 || (order === 0 && exclusive === true);
}
