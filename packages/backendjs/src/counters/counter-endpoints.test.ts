import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { watchTree } from '../testing/tree-watch.js';

let server: LegacyFixture;
let ann: TestAccount;
let bob: TestAccount;
let made = 0;

beforeAll(async () => {
  server = await startLegacy();
});
afterAll(() => server.close());
beforeEach(async () => {
  made += 1;
  ann = await server.account(`ann${made}`, { secret: 'short' });
  bob = await server.account(`bob${made}`, { secret: 'short' });
});

const zeros = { ping: 0, like0: 0, like1: 0, follow0: 0, follow1: 0 };

describe('/counter/get', () => {
  test('gives the own row with all counters, from the beginning of the account', async () => {
    const { json } = await server.client.get('/counter/get', {}, { as: ann });
    expect(json).toMatchObject({ id: ann.id, ...zeros });
  });

  test('gives of another row what is public', async () => {
    const { json } = await server.client.get('/counter/get', { id: bob.id }, { as: ann });
    expect(json).toEqual({ id: bob.id, ping: 0 });
  });

  test('shows what a client of the tree wrote', async () => {
    await server.database.write({
      principal: ADMIN,
      steps: [{ method: 'set', path: ['counters', ann.id, 'like1'], value: 7 }],
    });
    expect((await server.client.get('/counter/get', {}, { as: ann })).json.like1).toBe(7);
  });
});

test('/counter/put replaces the row, what is not said is 0', async () => {
  await server.client.get('/counter/incr', { like0: 3, ping: 2 }, { as: ann });
  const watch = await watchTree(server.database, `/counters/${ann.id}`);
  expect((await server.client.get('/counter/put', { follow0: 5 }, { as: ann })).json).toEqual([]);
  expect(watch.changes).toHaveLength(1);
  expect(server.value(`/counters/${ann.id}`)).toMatchObject({ ...zeros, follow0: 5 });
});

test('/counter/update sets some', async () => {
  await server.client.get('/counter/incr', { like0: 3 }, { as: ann });
  const watch = await watchTree(server.database, `/counters/${ann.id}`);
  expect((await server.client.get('/counter/update', { ping: 4, id: bob.id }, { as: ann })).json).toEqual([]);
  expect(watch.changes).toHaveLength(1);
  expect(server.value(`/counters/${ann.id}`)).toMatchObject({ like0: 3, ping: 4 });
  expect(server.value(`/counters/${bob.id}`)).toMatchObject(zeros);
});

describe('/counter/incr', () => {
  test('adds, also what is negative and what no table knows', async () => {
    await server.client.get('/counter/incr', { like0: 5, msg_read: 2 }, { as: ann });
    const { json } = await server.client.get('/counter/incr', { like0: -2 }, { as: ann });
    expect(json).toEqual([]);
    expect(server.value(`/counters/${ann.id}`)).toMatchObject({ like0: 3, msg_read: 2 });
  });

  test('of another account adds to what is public only, and tells the owner in the same commit', async () => {
    const row = await watchTree(server.database, `/counters/${bob.id}`);
    const events = await watchTree(server.database, `/events/${bob.id}`);
    const { status } = await server.client.get('/counter/incr', { id: bob.id, ping: 1, like0: 9 }, { as: ann });
    expect(status).toBe(200);
    expect(server.value(`/counters/${bob.id}`)).toMatchObject({ ...zeros, ping: 1 });
    const name = `ann${made}`;
    expect(events.changes[0]?.body).toMatchObject({ path: '/counter/incr', name, type: 'id,ping' });
    expect(row.changes.map(({ revision }) => revision)).toEqual([events.changes[0]?.revision]);
  });

  test('of another account with nothing public changes nothing', async () => {
    const watch = await watchTree(server.database, '/');
    expect((await server.client.get('/counter/incr', { id: bob.id, like0: 1 }, { as: ann })).status).toBe(200);
    expect(watch.changes).toEqual([]);
  });

  test('tells nothing with _publish=0', async () => {
    await server.client.get('/counter/incr', { id: bob.id, ping: 1, _publish: 0 }, { as: ann });
    expect(server.value(`/events/${bob.id}`)).toBeNull();
  });

  test('refuses what is no number', async () => {
    expect((await server.client.get('/counter/incr', { like0: 'x' }, { as: ann })).status).toBe(400);
  });

  test('loses none of many at once', async () => {
    const asks = Array.from({ length: 40 }, (_, i) =>
      server.client.get('/counter/incr', i % 2 === 0 ? { ping: 1 } : { id: ann.id, ping: 1 }, {
        as: i % 4 === 0 ? ann : ann,
      }),
    );
    const foreign = Array.from({ length: 20 }, () =>
      server.client.get('/counter/incr', { id: ann.id, ping: 1 }, { as: bob }),
    );
    await Promise.all([...asks, ...foreign]);
    expect(server.value(`/counters/${ann.id}/ping`)).toBe(60);
  });
});
