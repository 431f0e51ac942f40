import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { openConnection } from './connection.js';
import { until } from './test-place.js';
import { startRelay } from './test-relay.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

it.skipIf(server === null)(
  'a server is found again after all lines to it have broken at once, in the midst of a request',
  async () => {
    const relay = await startRelay(Number(new URL(server!.url).port));
    const connection = await openConnection({ url: relay.url, requestTimeoutMs: 2_000 });
    const nodes = connection.db.collection('nodes');
    const answers = (): Promise<boolean> =>
      nodes.findOne({ _id: 'none' as never }).then(
        () => true,
        () => false,
      );
    expect(await answers()).toBe(true);
    relay.deaf = true;
    const asked = answers();
    await sleep(700); // the library asks a server that fails at once whether it is there, but no more often than every half a second
    relay.deaf = false;
    relay.cut();
    await asked;
    await until(answers);
    await connection.close();
    await relay.stop();
  },
  60_000,
);
