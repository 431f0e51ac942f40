import { describe, expect, test } from 'vitest';
import { Budget } from './budget.js';

/** How much of many attempts to spend 1 succeeds. */
function spendOnes(budget: Budget, attempts: number): number {
  let spent = 0;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (!budget.covers(1)) continue;
    budget.spend(1);
    spent += 1;
  }
  return spent;
}

describe('a budget', () => {
  test('gives twice a second’s worth at once, and then so much a second', () => {
    const budget = new Budget(10, 0);
    expect(spendOnes(budget, 100)).toBe(20);
    budget.refill(1_000);
    expect(spendOnes(budget, 100)).toBe(10);
    budget.refill(60_000);
    expect(spendOnes(budget, 100)).toBe(20);
  });

  test('loses nothing of what comes in small steps', () => {
    const budget = new Budget(3, 0);
    spendOnes(budget, 100);
    for (let now = 1; now <= 2_000; now += 1) budget.refill(now);
    expect(spendOnes(budget, 100)).toBe(6);
  });

  test('tells when there is enough again', () => {
    const budget = new Budget(10, 0);
    budget.spend(20);
    const waitMs = budget.waitMs(3);
    budget.refill(waitMs - 1);
    expect(budget.covers(3)).toBe(false);
    budget.refill(waitMs);
    expect(budget.covers(3)).toBe(true);
  });

  test('can be spent on what costs more than there can be, once it is whole, and owes the rest', () => {
    const budget = new Budget(10, 0);
    budget.spend(1);
    expect(budget.covers(50)).toBe(false);
    budget.refill(budget.waitMs(50));
    expect(budget.covers(50)).toBe(true);
    budget.spend(50);
    expect(budget.waitMs(1)).toBe(3_100);
  });

  test('without a limit is never spent', () => {
    const budget = new Budget(Number.POSITIVE_INFINITY, 0);
    expect(spendOnes(budget, 1_000)).toBe(1_000);
    budget.refill(1);
    expect(budget.full).toBe(true);
    expect(budget.waitMs(5)).toBe(0);
  });

  test('of nothing never comes', () => {
    const budget = new Budget(0, 0);
    budget.refill(5_000);
    expect(budget.covers(1)).toBe(false);
    expect(budget.waitMs(1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('goes on from a clock that was set back, and is not refilled twice by times that were read earlier', () => {
    const budget = new Budget(10, 1_000_000);
    budget.spend(20);
    budget.refill(999_000);
    budget.refill(1_000_000);
    expect(budget.covers(1)).toBe(false);
    budget.refill(0);
    budget.refill(1_000);
    expect(spendOnes(budget, 100)).toBe(10);
  });
});
