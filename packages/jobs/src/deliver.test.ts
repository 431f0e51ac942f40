import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { newJob } from './conformance/queue-fixture.js';
import { Deliveries } from './deliver.js';
import { EndedJobs } from './ended-jobs.js';
import { JobNodes } from './job-nodes.js';
import type { Delivery } from './queue.js';
import { createLocalRunner } from './runner.js';
import { openMemoryDatabase } from './testing/jobs-fixture.js';

/** Runs jobs that end only when they are told to. */
async function open(): Promise<{ deliveries: Deliveries; nodes: JobNodes; begun: string[] }> {
  const database = await openMemoryDatabase();
  const nodes = new JobNodes(database, ['jobs'], Date.now);
  const tree = createMemoryPrivateTree();
  const logger = SILENT_LOGGER;
  const ended = new EndedJobs({ tree, nodes, keepMs: 60_000, now: Date.now, logger });
  onTestFinished(() => ended.close());
  const begun: string[] = [];
  const runner = createLocalRunner(
    new Map([
      [
        'some.work',
        (_data, { id, signal }) => {
          begun.push(id);
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      ],
    ]),
  );
  const deliveries = new Deliveries({ database, nodes, ended, runners: [runner], logger, random: Math.random });
  return { deliveries, nodes, begun };
}

function delivery(): Delivery {
  return { job: newJob(), attempt: 1, lost: new AbortController().signal };
}

const RELEASED = { kind: 'release' };

test('a job that is delivered while the server drains is given back untouched', async () => {
  const { deliveries, nodes, begun } = await open();
  deliveries.endAll();
  const given = delivery();
  expect(await deliveries.handle(given)).toEqual(RELEASED);
  expect([begun, nodes.get(given.job.id)]).toEqual([[], null]);
});

test('a job that is about to begin when the server drains is given back', async () => {
  const { deliveries, nodes, begun } = await open();
  const given = delivery();
  const handling = deliveries.handle(given);
  deliveries.endAll();
  expect(await handling).toEqual(RELEASED);
  expect([begun, nodes.get(given.job.id)?.state]).toEqual([[], 'waiting']);
});
