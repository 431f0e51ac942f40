import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepEqual } from './keep-equal.js';

describe('keepEqual', () => {
  it('gives back the old value when nothing is different', () => {
    const old = { a: [1, { b: null }], c: 'x' };
    expect(keepEqual(old, structuredClone(old))).toBe(old);
  });

  it('keeps the parts that are the same', () => {
    const old = { same: { a: 1 }, other: { a: 1 } };
    const next = keepEqual(old, { same: { a: 1 }, other: { a: 2 } });
    expect(next).toEqual({ same: { a: 1 }, other: { a: 2 } });
    expect(next.same).toBe(old.same);
    expect(next).not.toBe(old);
  });

  it('sees what was added, removed, and turned from a list into a map', () => {
    const old = { a: 1, b: 2 };
    expect(keepEqual(old, { a: 1 })).toEqual({ a: 1 });
    expect(keepEqual({ a: 1 }, old)).toEqual(old);
    expect(keepEqual([1], { 0: 1 })).toEqual({ 0: 1 });
    expect(keepEqual([1, 2], [1])).toEqual([1]);
  });

  it('takes keys of prototypes for data', () => {
    const next = JSON.parse('{"__proto__": 1, "constructor": {"a": 1}}') as object;
    const kept = keepEqual({}, next);
    expect(Object.keys(kept)).toEqual(['__proto__', 'constructor']);
    expect(kept).toEqual(next);
  });

  it('always equals the new value, and is the old one exactly if they are equal', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (old, next) => {
        const kept = keepEqual(old, next);
        expect(JSON.stringify(kept)).toBe(JSON.stringify(next));
        expect(keepEqual(next, structuredClone(next))).toBe(next);
      }),
    ));
});
