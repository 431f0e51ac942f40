import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sweep } from './sweep.js';
import { recordingLogger } from './testing/jobs-fixture.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('each time everything is removed that has lapsed, however much that is', async () => {
  let left = 25;
  const some = async (): Promise<boolean> => {
    const had = left > 0;
    left = Math.max(0, left - 10);
    return had;
  };
  const sweep = new Sweep({ everyMs: 100, some, failure: 'no', logger: SILENT_LOGGER });
  await vi.advanceTimersByTimeAsync(100);
  expect(left).toBe(0);
  left = 1_000;
  await vi.advanceTimersByTimeAsync(100);
  expect(left).toBe(0);
  sweep.close();
});

test('a sweep that is slow is not begun twice, and one that fails is tried again', async () => {
  const { logger, lines } = recordingLogger();
  let under = 0;
  let most = 0;
  let calls = 0;
  const some = async (): Promise<boolean> => {
    calls += 1;
    under += 1;
    most = Math.max(most, under);
    await new Promise((resolve) => setTimeout(resolve, 250));
    under -= 1;
    throw new Error('out of reach');
  };
  const sweep = new Sweep({ everyMs: 100, some, failure: 'it could not be swept', logger });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(most).toBe(1);
  expect(calls).toBeGreaterThan(1);
  expect(lines[0]).toContain('it could not be swept; it is tried again');
  sweep.close();
  await vi.advanceTimersByTimeAsync(300);
  const before = calls;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toBe(before);
});
