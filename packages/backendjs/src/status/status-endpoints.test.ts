import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { watchTree } from '../testing/tree-watch.js';

let server: LegacyFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacy();
  ann = await server.account('ann');
});
afterAll(() => server.close());

test('presence is put, seen in the tree, grows old and is taken away', async () => {
  const watch = await watchTree(server.database, `/status/${ann.id}`);
  const put = await server.client.get('/account/put/status', { status: 'busy' }, { as: ann });
  expect(put.json).toMatchObject({ id: ann.id, status: 'busy', name: 'ann', online: true });
  expect(watch.changes[0]?.body).toEqual({
    status: 'busy',
    name: 'ann',
    atime: expect.any(Number),
    mtime: expect.any(Number),
  });
  server.clock.advance(31 * 60 * 1000);
  expect((await server.client.get('/account/get/status', {}, { as: ann })).json).toMatchObject({
    status: 'busy',
    online: false,
  });
  expect((await server.client.get('/account/del/status', {}, { as: ann })).json).toEqual([]);
  expect(watch.changes).toHaveLength(2);
  expect((await server.client.get('/account/get/status', {}, { as: ann })).json).toEqual({
    id: ann.id,
    status: 'offline',
    online: false,
  });
});

test('several are asked for at once, those of clients of the tree among them', async () => {
  const value = { status: 'here', atime: server.clock.now() };
  await server.database.write({ principal: ADMIN, steps: [{ method: 'set', path: ['status', 'u_tree'], value }] });
  const { json } = await server.client.get('/account/get/status', { id: 'u_tree,u_none' }, { as: ann });
  expect(json).toEqual([
    { id: 'u_tree', ...value, online: true },
    { id: 'u_none', status: 'offline', online: false },
  ]);
});

test('so many are asked for at once and no more', async () => {
  const ask = (count: number) =>
    server.client.post('/account/get/status', { id: Array.from({ length: count }, (_, i) => i).join() }, { as: ann });
  expect((await ask(999)).json).toHaveLength(999);
  expect((await ask(1_000)).json).toEqual({ status: 400, message: 'more than 999 ids' });
});

test('who says offline is offline, and something is to be said', async () => {
  const { json } = await server.client.get('/account/put/status', { status: 'offline' }, { as: ann });
  expect(json.online).toBe(false);
  expect((await server.client.get('/account/put/status', {}, { as: ann })).status).toBe(400);
});
