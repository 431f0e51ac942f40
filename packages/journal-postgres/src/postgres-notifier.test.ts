import { notifierConformance, notifierOutageConformance } from '@backside/notifier/conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createPostgresNotifier, probePostgresNotifier } from './postgres-notifier.js';
import { atPort } from './test-server.js';

const postgres = await startService('postgres');
afterAll(() => postgres?.stop(), 30_000);

describe.skipIf(postgres === null)('on a server', () => {
  let groups = 0;
  notifierConformance(
    'postgres notifier',
    async () => {
      const schema = `tests_${process.pid}_${++groups}`;
      const connect = () =>
        createPostgresNotifier({ url: postgres?.url ?? '', schema, logger: SILENT_LOGGER, nodeId: 'node-1' });
      return { connect, dispose: async () => undefined };
    },
    { largeCommits: false },
  );

  it('tells of its server, and how fast it is', async () => {
    const facts = await probePostgresNotifier({ url: postgres?.url ?? '' });
    expect(facts.version).toMatch(/^PostgreSQL \d+/);
    expect(facts.roundTripMs).toBeGreaterThan(0);
  });

  const timing = { checkEveryMs: 300, answerWithinMs: 500, openWithinMs: 1_000, retryFirstMs: 20, retryLastMs: 300 };
  notifierOutageConformance('postgres notifier', {
    server: postgres!,
    startLine: (targetPort) => startFaultyProxy({ targetPort }),
    connect: (port, group) =>
      createPostgresNotifier({
        url: atPort(postgres!.url, port),
        schema: group,
        logger: SILENT_LOGGER,
        nodeId: 'node-1',
        timing,
        maxQueuedBytes: 1024 * 1024,
      }),
    maxQueuedBytes: 1024 * 1024,
  });
});
