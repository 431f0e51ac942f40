import type { Delivery, Outcome } from '@backside/jobs';
import { keepingIds, type QueueFixture, queueConformance } from '@backside/jobs/conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { connect } from 'amqplib';
import { afterAll, describe, expect, test } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { sharedService } from '../../../test/services/index.js';
import { createAmqpQueue } from './amqp-queue.js';
import { deadQueue, delayStep, mainQueue } from './names.js';

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

  test('a message that is no job is dropped, and holds up no job behind it', async () => {
    const prefix = `test-${crypto.randomUUID()}`;
    const queue = createAmqpQueue({ url: server!.url, prefix, logger: SILENT_LOGGER, now: Date.now });
    expect(await queue.dead('default', 1)).toEqual([]);
    expect(await queue.counts('default')).toMatchObject({ waiting: 0 });
    const connection = await connect(server!.url);
    const channel = await connection.createConfirmChannel();
    for (const name of [mainQueue(prefix, 'default').name, deadQueue(prefix, 'default').name]) {
      for (const text of ['nonsense', 'null', '{"id":"half"}']) channel.sendToQueue(name, Buffer.from(text));
    }
    await channel.waitForConfirms();
    await connection.close();
    const options = {
      attempts: 1,
      maxRunMs: 1_000,
      backoff: { kind: 'fixed', delayMs: 0, maxDelayMs: 0, jitter: 0 },
    } as const;
    const job = { queue: 'default', name: 'x', data: null, startAt: null, uniqueKey: null, options };
    for (const id of ['one', 'two']) await queue.submit({ ...job, id });
    const ran: string[] = [];
    const handle = async (delivery: Delivery): Promise<Outcome> => {
      ran.push(delivery.job.id);
      return delivery.job.id === 'one' ? { kind: 'done' } : { kind: 'dead', error: 'no use' };
    };
    const consumer = queue.consume({ queue: 'default', concurrency: 1, visibilityMs: 1_000, handle });
    await expect.poll(() => ran, { timeout: 10_000 }).toEqual(['one', 'two']);
    await consumer.close();
    expect(await queue.dead('default', 10)).toMatchObject([{ job: { id: 'two' } }]);
    expect(await queue.dropDead('default', 'two')).toBe(true);
    await queue.close();
  });

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
