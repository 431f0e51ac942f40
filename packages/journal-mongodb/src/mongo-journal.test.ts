import { journalConformance } from '@backside/store/conformance';
import { afterAll, describe } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { sharedService } from '../../../test/services/index.js';
import { projected, TestPlace } from './test-place.js';
import { urlThrough } from './test-relay.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

describe.skipIf(server === null)('MongoDB', () => {
  journalConformance('MongoDB journal', async () => {
    const place = new TestPlace(server!.url);
    const proxy = await startFaultyProxy({ targetPort: Number(new URL(server!.url).port) });
    const proxied = { url: urlThrough(proxy.port), requestTimeoutMs: 30_000, patienceMs: 200 };
    const journal = await place.open(proxied);
    place.project(await place.open());
    return {
      journal,
      project: async () => projected(place, await journal.head()),
      second: () => place.open(),
      reopen: async () => {
        await journal.close();
        return place.open();
      },
      breakMedium: () => proxy.stop(),
      dispose: async () => {
        await place.remove();
        await proxy.stop();
      },
    };
  });
});
