import { driverConformance } from '@backside/notifier/driver-suites';
import { afterAll, describe } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createRedisNotifier, probeRedis } from './redis-notifier.js';

const server = await startService('redis');
afterAll(() => server?.stop());

describe.skipIf(server === null)('redis', () => {
  driverConformance('redis notifier', {
    server: server!,
    startLine: (targetPort) => startFaultyProxy({ targetPort }),
    create: createRedisNotifier,
    probe: probeRedis,
  });
});
