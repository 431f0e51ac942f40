import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LegacyReplyOf, Row, RowPage } from '../testing/legacy-client.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { watchTree } from '../testing/tree-watch.js';

let server: LegacyFixture;
let root: TestAccount;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacy();
  root = await server.account('root', { types: ['admin'] });
  ann = await server.account('ann');
});
afterAll(() => server.close());

type Values = Readonly<Record<string, string | number>>;

const ask = <Body = Row>(path: string, params: Values = {}, as: TestAccount = root): Promise<LegacyReplyOf<Body>> =>
  server.client.get(path, params, { as });

test('is for admins only', async () => {
  for (const path of ['/data/columns', '/data/keys/bk_auth', '/data/select/bk_account', '/data/put/bk_counter']) {
    expect((await ask(path, { id: 'x' }, ann)).status).toBe(401);
  }
  expect(server.value('/counters/x')).toBeNull();
});

describe('definitions', () => {
  test('of columns and keys', async () => {
    const all = (await ask<Record<string, Row>>('/data/columns')).json;
    expect(all.bk_account?.name).toMatchObject({ type: 'text', pub: true });
    expect((await ask('/data/columns/bk_counter')).json.like0).toMatchObject({ type: 'counter', autoincr: true });
    expect((await ask('/data/keys/bk_message')).json).toEqual(['id', 'mtime', 'sender']);
  });

  test('of a table that is none is 404, and records of sign-in are none', async () => {
    for (const table of ['nothing', 'constructor', 'bk_auth']) {
      expect((await ask(`/data/select/${table}`)).json).toMatchObject({ status: 404 });
    }
  });
});

describe('one row', () => {
  test('is added, read, changed, counted up and removed, each in one commit that the tree shows', async () => {
    const watch = await watchTree(server.database, '/counters/u_d');
    expect((await ask('/data/add/bk_counter', { id: 'u_d', like0: 1 })).json).toEqual([]);
    expect((await ask('/data/add/bk_counter', { id: 'u_d' })).status).toBe(409);
    expect((await ask('/data/update/bk_counter', { id: 'u_d', like1: 2 })).json).toEqual([]);
    expect((await ask('/data/incr/bk_counter', { id: 'u_d', like0: 4 })).json).toEqual([]);
    expect((await ask('/data/get/bk_counter', { id: 'u_d' })).json).toMatchObject({ id: 'u_d', like0: 5, like1: 2 });
    expect((await ask('/data/put/bk_counter', { id: 'u_d', ping: 1 })).json).toEqual([]);
    expect((await ask('/data/get/bk_counter', { id: 'u_d' })).json).toEqual({
      id: 'u_d',
      ping: 1,
      mtime: expect.any(Number),
    });
    expect((await ask('/data/del/bk_counter', { id: 'u_d' })).json).toEqual([]);
    expect((await ask('/data/get/bk_counter', { id: 'u_d' })).json).toEqual([]);
    expect(watch.changes.map(({ revision }) => revision)).toHaveLength(5);
  });

  test('that is not there is neither updated nor missed', async () => {
    expect((await ask('/data/update/bk_status', { id: 'u_none', status: 'x' })).json).toEqual([]);
    expect((await ask('/data/del/bk_status', { id: 'u_none' })).json).toEqual([]);
    expect(server.value('/status/u_none')).toBeNull();
  });

  test('is replaced whether it is there or not', async () => {
    await ask('/data/replace/bk_status', { id: 'u_r', status: 'a', name: 'R' });
    await ask('/data/replace/bk_status', { id: 'u_r', status: 'b' });
    expect(server.value('/status/u_r')).toMatchObject({ status: 'b', name: 'R' });
  });

  test('counts on from the text of a number', async () => {
    await ask('/data/put/bk_status', { id: 'u_t', visits: 4 });
    expect(server.value('/status/u_t/visits')).toBe('4');
    await Promise.all([1, 2, 3].map((visits) => ask('/data/incr/bk_status', { id: 'u_t', visits })));
    expect(server.value('/status/u_t/visits')).toBe(10);
  });

  test('needs its whole key', async () => {
    expect((await ask('/data/put/bk_connection', { id: 'x', type: 'y' })).json).toMatchObject({
      status: 400,
      message: 'peer is required',
    });
  });

  test('keeps what may not be empty', async () => {
    expect((await ask('/data/put/bk_account', { id: 'u_e', gender: 'f' })).json.message).toBe('name is required');
    expect((await ask('/data/update/bk_account', { id: ann.id, name: '' })).json.message).toBe('name is required');
    await ask('/data/update/bk_account', { id: ann.id, city: 'Basel' });
    expect((await ask('/data/get/bk_account', { id: ann.id })).json).toMatchObject({ name: 'ann', city: 'Basel' });
  });

  test('may hold anything, which means nothing to the tree', async () => {
    const value = { id: 'u_odd', 'a.b/c': 'x', note: { '.sv': 'timestamp', $k: [1, { '.value': 2 }] } };
    await server.client.postJson('/data/put/bk_status', value, { as: root });
    expect((await ask('/data/get/bk_status', { id: 'u_odd' })).json).toMatchObject(value);
  });

  test('of a private table stands where no client of the tree can look', async () => {
    await ask('/data/put/bk_config', { type: 'app', name: 'x', value: 'hidden value' });
    await ask('/data/incr/bk_property', { name: 'n', count: 2 });
    await ask('/data/incr/bk_property', { name: 'n', count: 3 });
    expect((await ask('/data/get/bk_config', { type: 'app', name: 'x' })).json).toMatchObject({
      value: 'hidden value',
    });
    expect((await ask('/data/get/bk_property', { name: 'n' })).json).toMatchObject({ count: 5 });
    expect(JSON.stringify(server.value('/'))).not.toContain('hidden value');
  });
});

describe('many rows', () => {
  beforeAll(async () => {
    for (const [peer, state] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ] as const) {
      await ask('/data/put/bk_connection', { id: 'u_many', type: 'like', peer, state });
    }
    await server.database.write({
      principal: ADMIN,
      steps: [{ method: 'set', path: ['connections', 'u_many', 'like', 'd'], value: { state: 'from the tree' } }],
    });
  });

  test('are selected in pages', async () => {
    const first = (await ask<RowPage>('/data/select/bk_connection', { id: 'u_many', _count: 3 })).json;
    expect(first.data.map(({ peer }) => peer)).toEqual(['a', 'b', 'c']);
    const second = (await ask('/data/search/bk_connection', { id: 'u_many', _count: 3, _start: first.next_token }))
      .json;
    expect(second).toMatchObject({ count: 1, data: [{ peer: 'd', state: 'from the tree' }], next_token: '' });
    expect((await ask('/data/select/bk_connection', { id: 'u_many', state: 'x', _total: 1 })).json).toEqual({
      count: 2,
    });
  });

  test('are scanned without condition', async () => {
    const { json } = await ask('/data/scan/bk_connection', { _select: 'peer', _desc: 1 });
    expect(json).toEqual([{ peer: 'd' }, { peer: 'c' }, { peer: 'b' }, { peer: 'a' }]);
  });

  test('come as they are stored in the original with _noprocessrows', async () => {
    const { json } = await ask<RowPage>('/data/select/bk_connection', {
      id: 'u_many',
      _noscan: 0,
      _noprocessrows: 1,
      _count: 1,
    });
    expect(json.data[0]).toMatchObject({ id: 'u_many', type: 'like|a' });
    expect(json.data[0]).not.toHaveProperty('peer');
  });

  test('are listed by id', async () => {
    const { json } = await ask<Row[]>('/data/list/bk_account', { id: `${ann.id},u_none,${root.id}` });
    expect(json.map(({ login }) => login)).toEqual([ann.login, root.login]);
    expect((await ask('/data/list/bk_account')).status).toBe(400);
  });
});
