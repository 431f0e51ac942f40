import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedKeys } from './key-order.js';
import { type KeyRange, keysInRange } from './key-range.js';
import { SortedKeys } from './sorted-keys.js';

const key = fc.oneof(fc.integer({ min: 0, max: 2000 }).map(String), fc.string({ minLength: 1, maxLength: 3 }));
const range = fc.record(
  { start: key, startExclusive: fc.boolean(), end: key, endExclusive: fc.boolean(), reverse: fc.boolean() },
  { requiredKeys: [] },
) as fc.Arbitrary<KeyRange>;

describe('SortedKeys', () => {
  it('has what a sorted array has, through additions and deletions', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1500 }),
        fc.array(fc.tuple(fc.boolean(), key), { maxLength: 60 }),
        fc.array(range, { minLength: 1, maxLength: 5 }),
        (count, steps, ranges) => {
          const model = new Set(Array.from({ length: count }, (_, index) => String(index)));
          const keys = new SortedKeys(model);
          for (const [adds, name] of steps) {
            if (adds) keys.add(name);
            else keys.delete(name);
            if (adds) model.add(name);
            else model.delete(name);
          }
          for (const asked of ranges) {
            expect([...keys.range(asked)]).toEqual([...keysInRange(sortedKeys(model), asked)]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('grows from nothing to many chunks and back', () => {
    const keys = new SortedKeys([]);
    for (let i = 0; i < 5000; i++) keys.add(String((i * 7919) % 5000));
    expect([...keys.range()]).toEqual(Array.from({ length: 5000 }, (_, index) => String(index)));
    for (let i = 0; i < 5000; i++) keys.delete(String((i * 4999) % 5000));
    expect([...keys.range()]).toEqual([]);
    expect([...keys.range({ reverse: true })]).toEqual([]);
    keys.delete('absent');
    keys.add('again');
    expect([...keys.range({ start: 'a' })]).toEqual(['again']);
  });
});

describe('keysInRange', () => {
  it('is an array search that agrees with filtering', () => {
    const keys = ['1', '2', '10', 'a', 'b'];
    expect([...keysInRange(keys, { start: '2', end: 'a' })]).toEqual(['2', '10', 'a']);
    expect([...keysInRange(keys, { start: '2', startExclusive: true, end: 'a', endExclusive: true })]).toEqual(['10']);
    expect([...keysInRange(keys, { reverse: true, limit: 2 })]).toEqual(['b', 'a']);
    expect([...keysInRange(keys, { start: 'b', end: '1' })]).toEqual([]);
    expect([...keysInRange(keys, { limit: 0 })]).toEqual([]);
  });
});
