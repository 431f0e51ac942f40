import { compareKeys } from './key-order.js';

/** Which children to walk, in key order. Bounds are inclusive unless marked exclusive. */
export interface KeyRange {
  readonly start?: string;
  readonly startExclusive?: boolean;
  readonly end?: string;
  readonly endExclusive?: boolean;
  /** From the end of the range to its start. */
  readonly reverse?: boolean;
  /** At most this many entries. */
  readonly limit?: number;
}

/** The keys of a sorted array that are in the range, in the range's direction. O(log n) before the first. */
export function* keysInRange(keys: readonly string[], range: KeyRange = {}): Generator<string> {
  const low = range.start === undefined ? 0 : lowerBound(keys, range.start, range.startExclusive === true);
  const high = range.end === undefined ? keys.length : lowerBound(keys, range.end, range.endExclusive !== true);
  const count = Math.min(Math.max(high - low, 0), range.limit ?? Number.POSITIVE_INFINITY);
  for (let i = 0; i < count; i++) yield keys[range.reverse ? high - 1 - i : low + i] as string;
}

/** The index of the first key that is not before `key`; with `after`, of the first one that is after it. */
export function lowerBound(keys: readonly string[], key: string, after: boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareKeys(keys[middle] as string, key);
    if (order < 0 || (after && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}
