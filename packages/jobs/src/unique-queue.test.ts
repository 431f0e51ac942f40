import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DONE } from './conformance/queue-fixture.js';
import { createEmbeddedQueue } from './embedded/embedded-queue.js';
import { placeOf } from './place.js';
import type { Queue } from './queue.js';
import { createUniqueQueue } from './unique-queue.js';

const DAY_MS = 24 * 3_600_000;

let now: number;
beforeEach(() => {
  now = 1_000;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(): { queue: Queue; tree: ReturnType<typeof createMemoryPrivateTree> } {
  const tree = createMemoryPrivateTree();
  const options = { now: () => now, logger: SILENT_LOGGER };
  const inner = createEmbeddedQueue({ tree: createMemoryPrivateTree(), monotonic: () => now, ...options });
  return { tree, queue: createUniqueQueue({ queue: inner, tree, ...options }) };
}

function consume(queue: Queue, name: string): ReturnType<Queue['consume']> {
  return queue.consume({ queue: name, concurrency: 100, visibilityMs: 60_000, handle: async () => DONE });
}

test('all ids are forgotten that are old enough, however many jobs have ended', async () => {
  const { queue, tree } = open();
  const ids = Array.from({ length: 1_200 }, (_, index) => `job-${index}`);
  await tree.update(
    ids.flatMap((id) => [
      { path: ['reserved', 'ids', id], value: { by: 'x', stored: true } },
      { path: ['reserved', 'ended', placeOf(now, id)], value: id },
    ]),
  );
  const consumer = consume(queue, 'q');
  await vi.advanceTimersByTimeAsync(11_000);
  expect(tree.keys(['reserved', 'ids'])).toHaveLength(1_200);
  now += 2 * DAY_MS;
  await vi.advanceTimersByTimeAsync(11_000);
  expect(tree.keys(['reserved'])).toEqual([]);
  await consumer.close();
});

test('its consumers alone keep its timer', async () => {
  const { queue } = open();
  const before = vi.getTimerCount();
  const consumer = consume(queue, 'q');
  const other = consume(queue, 'q');
  await consumer.close();
  await other.close();
  // The queue below has one for all of its life.
  expect(vi.getTimerCount()).toBe(before + 1);
});
