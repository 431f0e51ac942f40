import { setTimeout as pause } from 'node:timers/promises';
import { cacheConformance } from '@backside/backendjs/cache-conformance';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { NO_FAULTS, startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createRedisCache } from './redis-cache.js';

const server = await startService('redis');
afterAll(() => server?.stop());

let caches = 0;
const newPrefix = (): string => `test-[${++caches}]*`;

describe.skipIf(server === null)('redis', () => {
  cacheConformance('redis', async () => ({
    cache: await createRedisCache({ url: server!.url, prefix: newPrefix(), logger: SILENT_LOGGER }),
    pass: (ms) => pause(ms),
    dispose: async () => {},
  }));

  it('is one cache for all of the same prefix, and another for others', async () => {
    const prefix = newPrefix();
    const open = (name: string) => createRedisCache({ url: server!.url, prefix: name, logger: SILENT_LOGGER });
    const [one, same, other] = [await open(prefix), await open(prefix), await open(newPrefix())];
    await one.put('a', '1');
    await other.put('a', 'mine');
    expect([await same.get('a'), await other.get('a')]).toEqual(['1', 'mine']);
    await one.clear();
    expect([await same.get('a'), await other.get('a')]).toEqual([null, 'mine']);
    for (const cache of [one, same, other]) await cache.close();
  });

  it('rejects with unavailable while the server is out of reach, and works again by itself', async () => {
    const line = await startFaultyProxy({ targetPort: Number(new URL(server!.url).port) });
    const url = `redis://127.0.0.1:${line.port}`;
    const cache = await createRedisCache({ url, prefix: newPrefix(), logger: SILENT_LOGGER });
    await cache.put('a', '1');
    line.faults = { ...NO_FAULTS, refuse: 1 };
    line.cutAll();
    await expect.poll(() => cache.up).toBe(false);
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    line.faults = NO_FAULTS;
    await expect.poll(() => cache.up, { timeout: 15_000 }).toBe(true);
    expect(await cache.get('a')).toBe('1');
    await cache.close();
    await line.stop();
  });
});
