import { queueConformance } from '@backside/jobs/conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createRedisQueue } from './redis-queue.js';

const server = await startService('redis');
afterAll(() => server?.stop());

describe.skipIf(server === null)('redis', () => {
  queueConformance('redis queue', async () => {
    const lines: Awaited<ReturnType<typeof startFaultyProxy>>[] = [];
    return {
      client: async () => {
        const line = await startFaultyProxy({ targetPort: server!.port });
        lines.push(line);
        const url = `redis://127.0.0.1:${line.port}`;
        const queue = createRedisQueue({ url, prefix: 'test', logger: SILENT_LOGGER, now: Date.now });
        return { queue, cut: () => line.stop(), breakConnections: () => line.cutAll() };
      },
      end: async () => {
        await Promise.all(lines.map((line) => line.stop()));
      },
    };
  });
});
