import type { CharSet } from './regex-syntax.js';

export const MAX_UNIT = 0xffff;

/** The set of all ranges, given in any order and overlapping or not. */
export function makeCharSet(ranges: Iterable<readonly [number, number]>): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [from, to] of sorted) {
    const last = set.length - 1;
    if (last > 0 && from <= set[last]! + 1) set[last] = Math.max(set[last]!, to);
    else set.push(from, to);
  }
  return set;
}

export function* rangesOf(set: CharSet): Generator<[number, number]> {
  for (let i = 0; i < set.length; i += 2) yield [set[i]!, set[i + 1]!];
}

export function containsUnit(set: CharSet, unit: number): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[middle]! < unit) low = middle + 1;
    else high = middle;
  }
  return set[low] === unit || low % 2 === 1;
}

export function unionOf(sets: readonly CharSet[]): CharSet {
  return makeCharSet(sets.flatMap((set) => [...rangesOf(set)]));
}

export function complementOf(set: CharSet): CharSet {
  const ranges: [number, number][] = [];
  let next = 0;
  for (const [from, to] of rangesOf(set)) {
    if (from > next) ranges.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= MAX_UNIT) ranges.push([next, MAX_UNIT]);
  return makeCharSet(ranges);
}

export const ANY: CharSet = [0, MAX_UNIT];
const DIGIT = makeCharSet([[0x30, 0x39]]);
const WORD = makeCharSet([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** What JavaScript takes for white space. */
const SPACE = makeCharSet([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);

/** What `\s`, `\w`, `\d` and their opposites stand for. */
export const CLASSES: ReadonlyMap<string, CharSet> = new Map([
  ['d', DIGIT],
  ['D', complementOf(DIGIT)],
  ['w', WORD],
  ['W', complementOf(WORD)],
  ['s', SPACE],
  ['S', complementOf(SPACE)],
]);
