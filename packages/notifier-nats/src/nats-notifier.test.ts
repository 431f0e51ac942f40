import { driverConformance } from '@backside/notifier/driver-suites';
import { afterAll, describe } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createNatsNotifier, probeNats } from './nats-notifier.js';

const server = await startService('nats');
afterAll(() => server?.stop());

describe.skipIf(server === null)('nats', () => {
  driverConformance('nats notifier', {
    server: server!,
    startLine: (targetPort) => startFaultyProxy({ targetPort }),
    create: createNatsNotifier,
    probe: probeNats,
    largeCommits: false,
  });
});
