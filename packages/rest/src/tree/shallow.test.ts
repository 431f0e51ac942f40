import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

const COUNT = 25_000;
const KEYS = Array.from({ length: COUNT }, (_, n) => `k${String(n).padStart(6, '0')}`);

const clock = { now: Date.now() };
let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer({ now: () => clock.now });
  await server.put('/many', Object.fromEntries(KEYS.map((key) => [key, { below: 1 }])));
});

afterAll(() => server.stop());

async function keysOf(query: string): Promise<string[]> {
  return Object.keys((await server.json(`GET /many.json?shallow=true${query}`)) as object);
}

test('has all keys of as many children as there are, of a part, and of none', async () => {
  expect(await keysOf('')).toEqual(KEYS);
  expect(await keysOf('&limitToFirst=20001')).toEqual(KEYS.slice(0, 20_001));
  expect(await keysOf('&limitToFirst=10000&startAt=k000007')).toEqual(KEYS.slice(7, 10_007));
  expect(await keysOf('&startAfter=k010000&endBefore=k020001')).toEqual(KEYS.slice(10_001, 20_001));
  expect(await server.json('GET /many.json?shallow=true&startAt=x')).toBeNull();
});

test('reads nothing of what lies below the keys', async () => {
  const { database } = server.main;
  const [streamJson, read] = [vi.spyOn(database, 'streamJson'), vi.spyOn(database, 'read')];
  onTestFinished(() => void vi.restoreAllMocks());
  expect(await keysOf('&limitToFirst=1')).toEqual(['k000000']);
  expect([streamJson.mock.calls, read.mock.calls]).toEqual([[], []]);
});

test('keeps to its timeout between the keys', async () => {
  const { database } = server.main;
  const keys = database.keys.bind(database);
  vi.spyOn(database, 'keys').mockImplementation((...wanted) => {
    clock.now += 600;
    return keys(...wanted);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const { status, json } = await server.call('GET /many.json?shallow=true&timeout=1s');
  expect({ status, json }).toEqual({ status: 400, json: { error: 'the read took longer than its timeout' } });
  expect((await server.call('GET /many.json?shallow=true&timeout=5s')).status).toBe(200);
});

test('is pretty, silent or called by a function, as any other answer', async () => {
  await server.put('/few', { a: 1 });
  expect((await server.call('GET /few.json?shallow=true&print=pretty')).text).toBe('{\n  "a": true\n}');
  expect((await server.call('GET /few.json?shallow=true&callback=f')).text).toBe('/**/f({"a":true});');
  expect(await server.call('GET /few.json?shallow=true&print=silent')).toMatchObject({ status: 204, text: '' });
});

test('without the right to read is refused, silent or not', async () => {
  await server.tenants.get('other')!.rules.put('{"rules": {}}', null);
  for (const query of ['', '&print=silent']) {
    expect((await server.call(`GET /few.json?ns=other&shallow=true${query}`)).status).toBe(401);
  }
});
