import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, beforeAll, describe } from 'vitest';
import { createUniqueQueue } from '../unique-queue.js';
import { deliveryCases } from './delivery-cases.js';
import { endingCases } from './ending-cases.js';
import type { QueueFixture, Subject } from './queue-fixture.js';
import { sharingCases } from './sharing-cases.js';

/** The same for a queue that keeps no ids, with them kept as `createJobs` does it. */
export function keepingIds(fixture: QueueFixture): QueueFixture {
  const tree = createMemoryPrivateTree();
  return {
    client: async () => {
      const { queue, ...line } = await fixture.client();
      return { ...line, queue: createUniqueQueue({ queue, tree, now: Date.now, logger: SILENT_LOGGER }) };
    },
    end: () => fixture.end(),
  };
}

/** What every queue must do. */
export function queueConformance(name: string, create: () => Promise<QueueFixture>): void {
  describe(name, () => {
    // Filled in before the first case runs.
    const subject = {} as { -readonly [Part in keyof Subject]: Subject[Part] };
    beforeAll(async () => {
      subject.fixture = await create();
      subject.queue = (await subject.fixture.client()).queue;
    }, 60_000);
    afterAll(async () => {
      await subject.queue?.close();
      await subject.fixture?.end();
    });
    deliveryCases(subject);
    endingCases(subject);
    sharingCases(subject);
  });
}
