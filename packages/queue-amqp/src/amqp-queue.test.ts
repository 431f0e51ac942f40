import { keepingIds, type QueueFixture, queueConformance } from '@backside/jobs/conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { sharedService } from '../../../test/services/index.js';
import { createAmqpQueue } from './amqp-queue.js';
import { delayStep } from './names.js';

const server = await sharedService('rabbitmq');
afterAll(() => server?.stop());

describe.skipIf(server === null)('rabbitmq', () => {
  const fixture = async (): Promise<QueueFixture> => {
    const lines: Awaited<ReturnType<typeof startFaultyProxy>>[] = [];
    const prefix = `test-${crypto.randomUUID()}`;
    return {
      client: async () => {
        const url = new URL(server!.url);
        const line = await startFaultyProxy({ targetPort: Number(url.port || 5672) });
        lines.push(line);
        url.port = String(line.port);
        const queue = createAmqpQueue({ url: url.href, prefix, logger: SILENT_LOGGER, now: Date.now });
        return { queue, cut: () => line.stop(), breakConnections: () => line.cutAll() };
      },
      end: async () => {
        await Promise.all(lines.map((line) => line.stop()));
      },
    };
  };

  queueConformance('amqp queue', fixture);
  queueConformance('amqp queue whose ids are kept elsewhere', async () => keepingIds(await fixture()));
});

test('a delay is made up of ever shorter ones that never exceed it', () => {
  for (const ms of [1, 8, 9, 100, 1_000, 12_345, 3_600_000, 86_400_000 * 40]) {
    let rest = ms;
    let turns = 0;
    while (rest > 16) {
      const step = delayStep(rest);
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThanOrEqual(rest);
      rest -= step;
      turns += 1;
    }
    expect(turns).toBeLessThanOrEqual(12);
  }
});
