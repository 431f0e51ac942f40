import { describe, expect, it } from 'vitest';
import { FailureTally } from './throttle-budget.js';

const BUDGET = { free: 3, firstDelayMs: 1000, maxDelayMs: 8000, forgetMs: 60_000 };

describe('a tally of failures', () => {
  it('doubles the wait from the last free failure on, up to the longest', () => {
    const tally = new FailureTally(BUDGET, 10);
    const waits: number[] = [];
    for (let count = 0; count < 9; count++) {
      waits.push(tally.waitMs('a', 0));
      tally.add('a', 0);
    }
    expect(waits).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it('lets the wait pass and forgets a failure at a time', () => {
    const tally = new FailureTally(BUDGET, 10);
    for (let count = 0; count < 5; count++) tally.add('a', 0);
    expect(tally.waitMs('a', 3999)).toBe(1);
    expect(tally.waitMs('a', 4000)).toBe(0);
    expect(tally.delayMs('a', 59_999)).toBe(4000);
    expect(tally.delayMs('a', 60_000)).toBe(2000);
    expect(tally.delayMs('a', 180_000)).toBe(0);
    expect(tally.size).toBe(1);
    expect(tally.delayMs('a', 300_000)).toBe(0);
    expect(tally.size).toBe(0);
  });

  it('takes a failure back, and the wait that it began with it', () => {
    const tally = new FailureTally(BUDGET, 10);
    for (let count = 0; count < 3; count++) tally.add('a', 0);
    const undo = tally.add('a', 5000);
    expect(tally.waitMs('a', 5000)).toBe(2000);
    undo();
    expect(tally.waitMs('a', 5000)).toBe(0);
    expect(tally.waitMs('a', 500)).toBe(500);
    tally.add('b', 0)();
    expect(tally.size).toBe(1);
  });

  it('remembers a long attack for no longer than a short one', () => {
    const tally = new FailureTally(BUDGET, 10);
    for (let count = 0; count < 100_000; count++) tally.add('a', 0);
    expect(tally.delayMs('a', 43 * 60_000)).toBe(0);
  });

  it('keeps the keys used last', () => {
    const tally = new FailureTally(BUDGET, 3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) for (let count = 0; count < 3; count++) tally.add(key, 0);
    expect(tally.size).toBe(3);
    expect(['a', 'b', 'c', 'd'].map((key) => tally.waitMs(key, 0) > 0)).toEqual([true, false, true, true]);
  });

  it('survives a clock that goes back', () => {
    const tally = new FailureTally(BUDGET, 3);
    for (let count = 0; count < 3; count++) tally.add('a', 100_000);
    expect(tally.waitMs('a', 0)).toBe(101_000);
    tally.add('a', 0);
    expect(tally.waitMs('a', 2000)).toBe(0);
  });
});
