import { randomUUID } from 'node:crypto';
import { notifierConformance, notifierOutageConformance } from '@backside/notifier/conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createRedisNotifier, probeRedis } from './redis-notifier.js';

const server = await startService('redis');
afterAll(() => server?.stop());

const QUICK = {
  checkEveryMs: 250,
  answerWithinMs: 1_000,
  retryFirstMs: 50,
  retryLastMs: 500,
  openWithinMs: 3_000,
  patienceMs: 3_000,
  closeWithinMs: 1_000,
};
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

describe.skipIf(server === null)('redis', () => {
  notifierConformance('redis notifier', async () => {
    const prefix = randomUUID();
    const connect = () => createRedisNotifier({ url: server!.url, nodeId: 'a node', prefix, logger: SILENT_LOGGER });
    return { connect, dispose: async () => undefined };
  });

  notifierOutageConformance('redis notifier', {
    server: server!,
    startLine: (targetPort) => startFaultyProxy({ targetPort }),
    maxQueuedBytes: MAX_QUEUED_BYTES,
    connect: (port, prefix) =>
      createRedisNotifier({
        url: server!.url.replace(/:\d+$/, `:${port}`),
        nodeId: 'a node',
        prefix,
        logger: SILENT_LOGGER,
        maxQueuedBytes: MAX_QUEUED_BYTES,
        timing: QUICK,
      }),
  });

  it('can be asked for its version and its round trip', async () => {
    const { version, roundTripMs } = await probeRedis(server!.url);
    expect(version).toMatch(/\d+\.\d+/);
    expect(roundTripMs).toBeGreaterThan(0);
  });
});
