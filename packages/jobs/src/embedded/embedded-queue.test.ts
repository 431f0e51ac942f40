import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { queueConformance } from '../conformance/queue-conformance.js';
import { DONE } from '../conformance/queue-fixture.js';
import { placeOf } from '../place.js';
import { severableTree } from '../testing/severable-tree.js';
import { createEmbeddedQueue } from './embedded-queue.js';
import { PATHS } from './records.js';

queueConformance('embedded queue', async () => {
  const tree = createMemoryPrivateTree();
  return {
    client: async () => {
      const line = severableTree(tree);
      return { queue: createEmbeddedQueue({ tree: line.tree, logger: SILENT_LOGGER, now: Date.now }), cut: line.cut };
    },
    end: async () => {},
  };
});

test('ids of all jobs that ended long ago are forgotten at the next look, however many', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const tree = createMemoryPrivateTree();
  let now = 1_000;
  const queue = createEmbeddedQueue({ tree, logger: SILENT_LOGGER, now: () => now, monotonic: () => now });
  const ids = Array.from({ length: 1_200 }, (_, index) => `job-${index}`);
  await tree.update(
    ids.flatMap((id) => [
      { path: PATHS.record(id), value: { ended: now } },
      { path: [...PATHS.ended, placeOf(now, id)], value: id },
    ]),
  );
  const consumer = queue.consume({ queue: 'q', concurrency: 1, visibilityMs: 60_000, handle: async () => DONE });
  now += 26 * 3_600_000;
  await vi.advanceTimersByTimeAsync(11_000);
  expect([tree.keys(['jobs']), tree.keys(PATHS.ended)]).toEqual([[], []]);
  await consumer.close();
  await queue.close();
  expect(vi.getTimerCount()).toBe(0);
});
