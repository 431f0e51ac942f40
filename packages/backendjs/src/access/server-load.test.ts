import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';

const PATIENCE = { timeout: 30_000, interval: 200 };
const OPEN = { 'api-allow': '^/ping' };

let server: LegacyFixture;

beforeAll(async () => {
  server = await startLegacy({ settings: OPEN });
});
afterAll(() => server.close());

const configure = (settings: Readonly<Record<string, unknown>>): void =>
  server.backendjs.reconfigure(parseBackendjsSettings({ ...OPEN, ...settings }));

const status = async (): Promise<number> => (await server.client.get('/ping')).status;

/** Lets nothing else happen in this process, which is also the server's. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test.each(['api-max-memory-heap', 'api-max-memory-rss'])('beyond %s requests are 503', async (name) => {
  configure({ [name]: 0.001 });
  const { status: refused, json } = await server.client.get('/ping');
  expect([refused, json]).toEqual([503, { status: 503, message: 'Server is unavailable' }]);
  configure({ [name]: 100 });
  expect(await status()).toBe(200);
});

test.each([
  ['api-max-latency', 100],
  ['api-max-cpu', 10],
])('while a busy process is beyond %s requests are 503, and no longer', async (name, limit) => {
  configure({ [name]: limit });
  const busily = (): Promise<number> => {
    block(400);
    return status();
  };
  await expect.poll(busily, PATIENCE).toBe(503);
  await expect.poll(status, PATIENCE).toBe(200);
});

test('what was refused is counted by its reason', async () => {
  const { busy_0, util_0, heap_0, rss_0 } = await server.context.metrics.row({ reset: false });
  for (const count of [busy_0, util_0, heap_0, rss_0]) expect(count).toBeGreaterThan(0);
});
