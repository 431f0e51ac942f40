import { describe, expect, it } from 'vitest';
import { WorkBudget } from './work-budget.js';

/** How many of `tries` pieces of work may be done at once. */
function done(budget: WorkBudget, spender: string, now: number, tries = 100): number {
  return Array.from({ length: tries }).filter(() => budget.spend(spender, 1, now)).length;
}

describe('a work budget', () => {
  it('gives one spender a quarter of it, and all together no more than it has', () => {
    const budget = new WorkBudget(20, 0);
    expect(['a', 'b', 'c', 'd', 'e'].map((spender) => done(budget, spender, 0))).toEqual([5, 5, 5, 5, 0]);
  });

  it('is full again after a second, and not fuller after a year', () => {
    const budget = new WorkBudget(8, 0);
    for (const now of [0, 1_000, 1e10]) {
      expect(['a', 'b', 'c', 'd', 'e'].map((spender) => done(budget, spender, now))).toEqual([2, 2, 2, 2, 0]);
    }
  });

  it('lets a large piece of work through, and makes up for it', () => {
    const budget = new WorkBudget(10, 0);
    expect(budget.spend('a', 30, 0)).toBe(true);
    expect(done(budget, 'b', 1_000)).toBe(0);
    expect(done(budget, 'b', 2_000)).toBe(0);
    expect(done(budget, 'b', 3_000)).toBeGreaterThan(0);
  });

  it('goes on when the clock is set back', () => {
    const budget = new WorkBudget(8, 1e12);
    expect(done(budget, 'a', 1e12)).toBe(2);
    expect(done(budget, 'a', 5)).toBe(2);
  });
});
