import { expect, test } from 'vitest';
import { backoffMs } from './backoff.js';
import type { Backoff } from './queue.js';

const exponential: Backoff = { kind: 'exponential', delayMs: 100, maxDelayMs: 1_000, jitter: 0 };

test('exponential pauses double up to the longest', () => {
  expect([1, 2, 3, 4, 5, 1_000].map((attempt) => backoffMs(exponential, attempt, 0.5))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
});

test('fixed pauses stay the same', () => {
  expect([1, 2, 9].map((attempt) => backoffMs({ ...exponential, kind: 'fixed' }, attempt, 0.5))).toEqual([
    100, 100, 100,
  ]);
});

test('jitter shortens a pause by its share at most', () => {
  const half = { ...exponential, jitter: 0.5 };
  expect(backoffMs(half, 1, 0)).toBe(100);
  expect(backoffMs(half, 1, 0.5)).toBe(75);
  expect(backoffMs(half, 1, 0.999_999)).toBe(50);
});
