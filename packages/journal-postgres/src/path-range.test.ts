import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PathRange, rangesBetween } from './path-range.js';

describe('the ranges below a path', () => {
  it('are one, if nothing is left out', () => {
    expect([...rangesBetween('/a', [])]).toEqual([{ low: '/a/', high: '/a0' }]);
  });

  it('have whatever is not at or below what is left out, whatever its keys are made of', () => {
    const key = fc.constantFrom('a', 'a!', 'a0', 'ab', '\uffff', '\u{10000}');
    const path = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => `/${keys.join('/')}`);
    fc.assert(
      fc.property(path, fc.uniqueArray(path), path, (top, rest, other) => {
        const left = rest.map((one) => top + one).filter((one, _, all) => !all.some((above) => isBelow(one, above)));
        const ranges = [...rangesBetween(top, left)];
        for (const each of [other, top, top + other, ...left, ...left.map((one) => one + other)]) {
          const isLeftOut = left.some((one) => each === one || isBelow(each, one));
          expect(ranges.some((range) => isIn(range, each))).toBe(isBelow(each, top) && !isLeftOut);
        }
      }),
    );
  });
});

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}/`);
}

function isIn({ low, high }: PathRange, path: string): boolean {
  const bytes = Buffer.from(path);
  return Buffer.compare(Buffer.from(low), bytes) <= 0 && Buffer.compare(bytes, Buffer.from(high)) < 0;
}
