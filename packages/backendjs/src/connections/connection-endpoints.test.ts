import { ADMIN } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LegacyReplyOf, Row } from '../testing/legacy-client.js';
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

type Values = Readonly<Record<string, string | number>>;

function asAnn(path: string, params: Values = {}): Promise<LegacyReplyOf<Row>> {
  return server.client.get(path, params, { as: ann });
}

const counter = (account: TestAccount, column: string): Json => server.value(`/counters/${account.id}/${column}`);

describe('/connection/add', () => {
  test('writes both rows, both counters and the event in one commit', async () => {
    const watch = await watchTree(server.database, '/');
    const { status, json } = await asAnn('/connection/add', { peer: bob.id, type: 'like', state: 'sent' });
    expect([status, json]).toEqual([200, {}]);
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    const mine = server.value(`/connections/${ann.id}/like/${bob.id}`);
    expect(mine).toEqual({ state: 'sent', mtime: expect.any(Number) });
    expect(server.value(`/references/${bob.id}/like/${ann.id}`)).toEqual({ ...(mine as object), name: `ann${made}` });
    expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 1]);
    expect(server.value(`/events/${bob.id}`)).toMatchObject({
      path: '/connection/add',
      name: `ann${made}`,
      type: 'like',
    });
  });

  test('is counted in the metrics by its type, as what else is done with connections is', async () => {
    await server.context.metrics.row({ reset: true });
    const pair = { peer: bob.id, type: 'told' };
    for (const operation of ['add', 'put', 'update', 'del']) await asAnn(`/connection/${operation}`, pair);
    const row = await server.context.metrics.row({ reset: true });
    expect(row).toMatchObject({ add_told_0: 1, put_told_0: 1, update_told_0: 1, del_told_0: 1 });
  });

  test('refuses what is there already', async () => {
    await asAnn('/connection/add', { peer: bob.id, type: 'like' });
    expect((await asAnn('/connection/add', { peer: bob.id, type: 'like' })).status).toBe(409);
    expect(counter(ann, 'like0')).toBe(1);
  });

  test('asks for peer and type, and for somebody else', async () => {
    expect((await asAnn('/connection/add', { type: 'like' })).json).toEqual({
      status: 400,
      message: 'peer is required',
    });
    expect((await asAnn('/connection/add', { peer: bob.id })).json).toEqual({
      status: 400,
      message: 'type is required',
    });
    const self = await asAnn('/connection/add', { peer: ann.id, type: 'like' });
    expect(self.json).toEqual({ status: 400, message: 'cannot connect to itself' });
  });

  test('refuses ids that are no keys, and keeps odd ones apart', async () => {
    expect((await asAnn('/connection/add', { peer: 'x'.repeat(900), type: 'like' })).status).toBe(400);
    expect((await asAnn('/connection/add', { peer: 'a/b.c', type: 'x/y' })).status).toBe(200);
    expect((await asAnn('/connection/get', { peer: 'a/b.c', type: 'x/y' })).json).toMatchObject({
      peer: 'a/b.c',
      type: 'x/y',
    });
  });

  test('with _connected answers the other side', async () => {
    await server.client.get('/connection/add', { peer: ann.id, type: 'like', state: 'hi' }, { as: bob });
    const { json } = await asAnn('/connection/add', { peer: bob.id, type: 'like', _connected: 1 });
    expect(json).toMatchObject({ id: bob.id, type: 'like', peer: ann.id, state: 'hi' });
    expect((await asAnn('/connection/put', { peer: bob.id, type: 'follow', _connected: 1 })).json).toEqual({});
  });

  test('of two peers at once makes both, and sees at least one from the other side', async () => {
    const [mine, theirs] = await Promise.all([
      asAnn('/connection/add', { peer: bob.id, type: 'follow', _connected: 1 }),
      server.client.get('/connection/add', { peer: ann.id, type: 'follow', _connected: 1 }, { as: bob }),
    ]);
    expect([mine.json.peer, theirs.json.peer].filter(Boolean).length).toBeGreaterThanOrEqual(1);
    for (const account of [ann, bob])
      expect([counter(account, 'follow0'), counter(account, 'follow1')]).toEqual([1, 1]);
  });

  test('of the same many times at once makes one', async () => {
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => asAnn('/connection/add', { peer: bob.id, type: 'like' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
    expect(counter(bob, 'like1')).toBe(1);
  });
});

describe('/connection/put', () => {
  test('replaces, and counts a connection once however often it is put', async () => {
    await asAnn('/connection/put', { peer: bob.id, type: 'like', state: 'a', note: 'x' });
    await Promise.all(
      Array.from({ length: 8 }, () => asAnn('/connection/put', { peer: bob.id, type: 'like', state: 'b' })),
    );
    expect(server.value(`/connections/${ann.id}/like/${bob.id}`)).toEqual({ state: 'b', mtime: expect.any(Number) });
    expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 1]);
  });

  test('counts nothing for types without counters', async () => {
    await asAnn('/connection/put', { peer: bob.id, type: 'ping' });
    expect(server.value(`/counters/${ann.id}`)).not.toHaveProperty('ping0');
  });
});

describe('/connection/update and /connection/incr', () => {
  test('change both rows', async () => {
    await asAnn('/connection/add', { peer: bob.id, type: 'invite', state: 'sent', steps: 1 });
    expect((await asAnn('/connection/update', { peer: bob.id, type: 'invite', state: 'accepted' })).json).toEqual({});
    const watch = await watchTree(server.database, '/');
    expect((await asAnn('/connection/incr', { peer: bob.id, type: 'invite', steps: 2 })).json).toEqual({});
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    for (const path of [`/connections/${ann.id}/invite/${bob.id}`, `/references/${bob.id}/invite/${ann.id}`]) {
      expect(server.value(path)).toMatchObject({ state: 'accepted', steps: 3 });
    }
  });

  test('want a connection that is there', async () => {
    for (const path of ['/connection/update', '/connection/incr']) {
      expect((await asAnn(path, { peer: bob.id, type: 'like', n: 1 })).json).toEqual({
        status: 404,
        message: 'no connection',
      });
    }
    expect(server.value(`/connections/${ann.id}`)).toBeNull();
  });
});

describe('/connection/del', () => {
  beforeEach(async () => {
    for (const type of ['like', 'follow']) {
      await asAnn('/connection/add', { peer: bob.id, type });
      await asAnn('/connection/add', { peer: 'u_other', type });
    }
  });

  test('of one removes it, its mirror and its counts', async () => {
    const events = await watchTree(server.database, `/events/${bob.id}`);
    expect((await asAnn('/connection/del', { peer: bob.id, type: 'like' })).json).toEqual([]);
    expect(server.value(`/connections/${ann.id}`)).toEqual({
      follow: { [bob.id]: expect.anything(), u_other: expect.anything() },
      like: { u_other: expect.anything() },
    });
    expect(server.value(`/references/${bob.id}/like`)).toBeNull();
    expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 0]);
    expect(events.changes[0]?.body).toMatchObject({ path: '/connection/del', type: 'like' });
  });

  test('of a type, of a peer, or of all', async () => {
    await asAnn('/connection/del', { type: 'like' });
    expect(Object.keys(server.value(`/connections/${ann.id}`) as object)).toEqual(['follow']);
    await asAnn('/connection/del', { peer: bob.id });
    expect(server.value(`/references/${bob.id}`)).toBeNull();
    await asAnn('/connection/del');
    expect(server.value(`/connections/${ann.id}`)).toBeNull();
    expect([counter(ann, 'like0'), counter(ann, 'follow0'), counter(bob, 'follow1')]).toEqual([0, 0, 0]);
  });

  test('of the same at once counts once', async () => {
    await Promise.all(Array.from({ length: 6 }, () => asAnn('/connection/del', { peer: bob.id, type: 'like' })));
    expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 0]);
  });
});

describe('reading', () => {
  test('/connection/get and /reference/get give one, or 404', async () => {
    await asAnn('/connection/add', { peer: bob.id, type: 'like' });
    expect((await asAnn('/connection/get', { peer: bob.id, type: 'like' })).json).toMatchObject({
      id: ann.id,
      type: 'like',
      peer: bob.id,
    });
    const mirror = await server.client.get('/reference/get', { peer: ann.id, type: 'like' }, { as: bob });
    expect(mirror.json).toMatchObject({ id: bob.id, peer: ann.id, name: `ann${made}` });
    expect((await asAnn('/reference/get', { peer: bob.id, type: 'like' })).json).toEqual({
      status: 404,
      message: 'no connection',
    });
  });

  test('/connection/select pages through what is the own', async () => {
    for (const peer of ['p1', 'p2', 'p3']) await asAnn('/connection/add', { peer, type: 'like' });
    await server.client.get('/connection/add', { peer: 'p9', type: 'like' }, { as: bob });
    const first = (await asAnn('/connection/select', { type: 'like', id: bob.id, _count: 2 })).json;
    expect(first).toMatchObject({ count: 2, data: [{ peer: 'p1' }, { peer: 'p2' }] });
    const second = (await asAnn('/connection/select', { type: 'like', _count: 2, _start: first.next_token ?? '' }))
      .json;
    expect(second).toMatchObject({ count: 1, data: [{ peer: 'p3' }], next_token: '' });
    expect((await asAnn('/connection/select', { type: 'like', _total: 1 })).json).toEqual({ count: 3 });
    const one = await asAnn('/connection/select', { type: 'lik', _desc: 1, _count: 1, _select: 'peer' });
    expect(one.json.data).toEqual([{ peer: 'p3' }]);
    expect((await asAnn('/connection/select', { type: 'nothing' })).json).toMatchObject({ count: 0, data: [] });
  });

  test('/reference/select shows what a client of the tree wrote', async () => {
    const path = ['references', ann.id, 'like', 'u_tree'];
    await server.database.write({
      principal: ADMIN,
      steps: [{ method: 'set', path, value: { name: 'Tree', mtime: 5 } }],
    });
    const { json } = await asAnn('/reference/select', { _ops: 'mtime,gt', mtime: 4 });
    expect(json.data).toEqual([{ id: ann.id, type: 'like', peer: 'u_tree', name: 'Tree', mtime: 5 }]);
  });
});

test('mirrors are written by nobody', async () => {
  for (const operation of ['add', 'put', 'update', 'incr', 'del']) {
    expect((await asAnn(`/reference/${operation}`, { peer: bob.id, type: 'like' })).status).toBe(400);
  }
  expect(server.value(`/references/${ann.id}`)).toBeNull();
});

test('the operator may limit operations of types', async () => {
  const limited = await startLegacy({ settings: { 'connections-allow': 'like:add,like:del' } });
  try {
    const carl = await limited.account('carl');
    const allowed = await limited.client.get('/connection/add', { peer: 'x', type: 'like' }, { as: carl });
    const refused = await limited.client.get('/connection/put', { peer: 'x', type: 'like' }, { as: carl });
    expect([allowed.status, refused.json]).toEqual([200, { status: 400, message: 'invalid connection type' }]);
  } finally {
    await limited.close();
  }
});
