import { ADMIN } from '@backside/protocol';
import { DEFAULT_LIMITS, type Json } from '@backside/tree';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LegacyReplyOf, Row, RowPage } from '../testing/legacy-client.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { openDatabase } from '../testing/open-database.js';
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

/** What Ann sends is answered by a list of what was stored, what Bob reads by pages. */
const asAnn = <Body = readonly Row[]>(path: string, params: Values = {}): Promise<LegacyReplyOf<Body>> =>
  server.client.get(path, params, { as: ann });
const asBob = <Body = RowPage>(path: string, params: Values = {}): Promise<LegacyReplyOf<Body>> =>
  server.client.get(path, params, { as: bob });

/** Ann writes to Bob; gives the time of each message. */
async function send(...texts: string[]): Promise<string[]> {
  const times: string[] = [];
  for (const msg of texts) times.push((await asAnn('/message/add', { id: bob.id, msg })).json[0]?.mtime ?? '');
  return times;
}

const inbox = (): Json => server.value(`/messages/${bob.id}/inbox`);
const unread = async (): Promise<number> => (await asBob('/message/get/unread')).json.count;
const texts = ({ json }: LegacyReplyOf<RowPage>): string[] => json.data.map(({ msg = '' }) => msg);

describe('/message/add', () => {
  test('is in the inbox, among the sent, counted and told in one commit, at the time that it answers', async () => {
    const watch = await watchTree(server.database, '/');
    const { json } = await asAnn('/message/add', { id: bob.id, msg: 'Hello' });
    expect(json).toEqual([{ id: bob.id, mtime: expect.stringMatching(/^\d{13}$/), sender: ann.id }]);
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    const mtime = Number(json[0]?.mtime);
    const message = { msg: 'Hello', name: `ann${made}`, mtime, ctime: mtime };
    expect(inbox()).toEqual({ [`${mtime}:${ann.id}`]: { ...message, sender: ann.id } });
    expect(server.value(`/messages/${ann.id}/sent`)).toEqual({
      [`${mtime}:${bob.id}`]: { ...message, recipient: bob.id },
    });
    expect(server.value(`/messages/${bob.id}/unread`)).toBe(1);
    expect(server.value(`/events/${bob.id}`)).toEqual({
      path: '/message/add',
      mtime,
      name: `ann${made}`,
      msg: 'Hello',
    });
  });

  test('reaches who listens to the inbox as one new child', async () => {
    const watch = await watchTree(server.database, `/messages/${bob.id}/inbox`);
    const [mtime] = await send('first', 'second');
    expect(watch.changes.map(({ body }) => (body as { msg: string }).msg)).toEqual(['first', 'second']);
    expect(watch.changes[0]?.path).toBe(`/messages/${bob.id}/inbox/${mtime}:${ann.id}`);
  });

  test('goes to several at once, each once', async () => {
    const { json } = await asAnn('/message/add', { id: `${bob.id},u_x,${bob.id}`, msg: 'all' });
    expect(json.map(({ id }) => id)).toEqual([bob.id, 'u_x']);
    expect(await unread()).toBe(1);
  });

  test('says of an id that can be nobody’s that it is', async () => {
    const { json } = await asAnn('/message/add', { id: `${'x'.repeat(900)},${bob.id}`, msg: 'hi' });
    expect(json).toEqual([expect.objectContaining({ id: bob.id }), { id: 'x'.repeat(900), error: 'invalid id' }]);
  });

  test('wants a recipient and something to say', async () => {
    expect((await asAnn('/message/add', { msg: 'x' })).json).toEqual({
      status: 400,
      message: 'recipient id is required',
    });
    expect((await asAnn('/message/add', { id: bob.id })).json).toEqual({
      status: 400,
      message: 'msg or icon is required',
    });
  });

  test('keeps no copy with _nosent, and tells nothing with _publish=0', async () => {
    await asAnn('/message/add', { id: bob.id, msg: 'x', _nosent: 1, _publish: 0 });
    expect(server.value(`/messages/${ann.id}`)).toBeNull();
    expect(server.value(`/events/${bob.id}`)).toBeNull();
  });

  test('lets nobody say who sent it, when, or that it was read', async () => {
    await asAnn('/message/add', { id: bob.id, msg: 'x', sender: 'u_y', mtime: 5, name: 'God', read: 1, flags: 'a,b' });
    const [row] = (await asBob('/message/get')).json.data;
    expect(row).toMatchObject({ sender: ann.id, name: `ann${made}`, flags: ['a', 'b'] });
    expect(row).not.toHaveProperty('read');
  });

  test('keeps all of many in the same millisecond', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => asAnn('/message/add', { id: bob.id, msg: `m${i}` })));
    expect(Object.keys(inbox() as object)).toHaveLength(30);
    expect(await unread()).toBe(30);
  });

  test('takes the next time that is free, however many times are taken', async () => {
    const now = Date.now();
    const frozen = await startLegacy({ extend: () => ({ now: () => now }) });
    try {
      const carl = await frozen.account('carl');
      const taken = (i: number) => ['messages', 'u_x', 'inbox', `${now + i}:${carl.id}`];
      const steps = [0, 1, 2].map((i) => ({ method: 'set' as const, path: taken(i), value: { msg: 'there' } }));
      await frozen.database.write({ principal: ADMIN, steps });
      const { json } = await frozen.client.get<Row[]>('/message/add', { id: 'u_x', msg: 'new' }, { as: carl });
      expect(json[0]?.mtime).toBe(String(now + 3));
      const again = await frozen.client.get<Row[]>('/message/add', { id: 'u_x', msg: 'newer' }, { as: carl });
      expect(again.json[0]?.mtime).toBe(String(now + 4));
    } finally {
      await frozen.close();
    }
  });
});

describe('/message/get', () => {
  test('pages from the oldest on, times as text', async () => {
    const times = await send('a', 'b', 'c');
    const first = await asBob('/message/get', { _count: 2 });
    expect(first.json.data[0]).toMatchObject({ id: bob.id, sender: ann.id, mtime: times[0], msg: 'a' });
    const second = await asBob('/message/get', { _count: 2, _start: first.json.next_token });
    expect([...texts(first), ...texts(second)]).toEqual(['a', 'b', 'c']);
    expect(second.json.next_token).toBe('');
  });

  test('filters by time, sender, text and what was read', async () => {
    const [, second = ''] = await send('one', 'Two', 'three');
    expect(texts(await asBob('/message/get', { mtime: second }))).toEqual(['Two', 'three']);
    expect(texts(await asBob('/message/get', { mtime: second, _ops: 'mtime,lt' }))).toEqual(['one']);
    expect(texts(await asBob('/message/get', { sender: 'nobody' }))).toEqual([]);
    expect(texts(await asBob('/message/get', { q: 'tw' }))).toEqual(['Two']);
    expect(texts(await asBob('/message/get', { msg: '^t', _ops: 'msg,iregexp' }))).toEqual(['Two', 'three']);
    await asBob('/message/read', { mtime: second });
    expect(texts(await asBob('/message/get', { read: 1 }))).toEqual(['Two']);
    expect((await asBob('/message/get', { _total: 1 })).json).toEqual({ count: 3 });
  });

  test('gives nobody the messages of others', async () => {
    await send('secret');
    expect((await asAnn<RowPage>('/message/get', { id: bob.id })).json.data).toEqual([]);
  });

  test('shows what a client of the tree put there', async () => {
    const path = ['messages', bob.id, 'inbox', `1700000000000:u_tree`];
    await server.database.write({
      principal: ADMIN,
      steps: [{ method: 'set', path, value: { msg: 'from the tree' } }],
    });
    const { json } = await asBob('/message/get');
    expect(json.data).toEqual([{ id: bob.id, mtime: '1700000000000', sender: 'u_tree', msg: 'from the tree' }]);
    expect(await unread()).toBe(1);
  });

  test('with _archive moves what it gives, with _trash removes it', async () => {
    await send('a', 'b', 'c');
    const archived = await asBob('/message/get', { _archive: 1, _count: 1 });
    expect(texts(archived)).toEqual(['a']);
    expect(texts(await asBob('/message/get/archive'))).toEqual(['a']);
    expect(texts(await asBob('/message/get'))).toEqual(['b', 'c']);
    expect(await unread()).toBe(2);
    expect((await asBob('/message/get', { _trash: 1, _total: 1 })).json).toEqual({ count: 2 });
    expect([inbox(), await unread()]).toEqual([null, 0]);
  });

  test('with _archive twice at once moves each message once', async () => {
    await send('a', 'b', 'c', 'd');
    const replies = await Promise.all([1, 2, 3].map(() => asBob('/message/get', { _archive: 1 })));
    expect(replies.flatMap(texts).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(await unread()).toBe(0);
  });
});

describe('/message/read', () => {
  test('marks one and lowers the flag by one, however often it is said', async () => {
    const [first = ''] = await send('a', 'b', 'c');
    const watch = await watchTree(server.database, `/messages/${bob.id}`);
    expect((await asBob('/message/read', { sender: ann.id, mtime: first })).json).toEqual([]);
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    expect(await unread()).toBe(2);
    await asBob('/message/read', { sender: ann.id, mtime: first });
    expect(await unread()).toBe(2);
    await Promise.all([1, 2, 3].map(() => asBob('/message/read', { sender: ann.id })));
    expect(await unread()).toBe(0);
    expect((await asBob('/message/get', { read: 1, _total: 1 })).json).toEqual({ count: 3 });
  });

  test('never makes the flag less than nothing', async () => {
    const path = ['messages', bob.id, 'inbox', `1700000000000:u_tree`];
    await server.database.write({ principal: ADMIN, steps: [{ method: 'set', path, value: { msg: 'x' } }] });
    const [mtime = ''] = await send('a');
    await asBob('/message/read');
    expect(await unread()).toBe(0);
    await asBob('/message/update', { sender: ann.id, mtime, read: 0 });
    expect(await unread()).toBe(1);
  });

  test('meanwhile new messages are counted', async () => {
    await send('a', 'b');
    await Promise.all([
      asBob('/message/read'),
      ...Array.from({ length: 10 }, (_, i) => asAnn('/message/add', { id: bob.id, msg: `n${i}` })),
    ]);
    const { json } = await asBob<RowPage<{ readonly read?: number }>>('/message/get');
    const open = json.data.filter(({ read }) => read !== 1).length;
    expect(await unread()).toBe(open);
  });
});

describe('/message/archive', () => {
  test('moves one in one commit, without what only the inbox says', async () => {
    const [mtime = ''] = await send('a', 'b');
    await asBob('/message/read', { mtime });
    const watch = await watchTree(server.database, `/messages/${bob.id}`);
    expect((await asBob('/message/archive', { sender: ann.id, mtime })).json).toEqual([]);
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    const [row] = (await asBob('/message/get/archive')).json.data;
    expect(row).toMatchObject({ sender: ann.id, mtime, msg: 'a' });
    expect(row).not.toHaveProperty('read');
    expect(texts(await asBob('/message/get'))).toEqual(['b']);
  });

  test('moves more than one commit can hold', async () => {
    const tree = { ...DEFAULT_LIMITS, maxWriteBytes: 10_000 };
    const database = await openDatabase({ limits: { tree } });
    const small = await startLegacy({ extend: () => ({ database }) });
    try {
      const carl = await small.account('carl', { secret: 'short' });
      for (const i of [1, 2, 3, 4, 5]) {
        const path = ['messages', carl.id, 'inbox', `170000000000${i}:u_tree`];
        await database.write({ principal: ADMIN, steps: [{ method: 'set', path, value: { msg: 'x'.repeat(4_000) } }] });
      }
      expect((await small.client.get('/message/archive', {}, { as: carl })).json).toEqual([]);
      expect((await small.client.get('/message/get', { _total: 1 }, { as: carl })).json).toEqual({ count: 0 });
      expect((await small.client.get('/message/get/archive', { _total: 1 }, { as: carl })).json).toEqual({ count: 5 });
    } finally {
      await small.close();
      await database.close();
    }
  });

  test('of one that is not there is 404', async () => {
    expect((await asBob('/message/archive', { sender: ann.id, mtime: '1700000000000' })).status).toBe(404);
  });
});

describe('/message/update', () => {
  test('changes what is its owner’s to change, in inbox and archive', async () => {
    const [mtime = ''] = await send('a');
    const key = { sender: ann.id, mtime };
    expect((await asBob('/message/update', { ...key, flags: 'star', read: 1, name: 'Eve' })).json).toEqual([]);
    expect((await asBob('/message/get')).json.data[0]).toMatchObject({ flags: ['star'], read: 1, name: `ann${made}` });
    expect(await unread()).toBe(0);
    await asBob('/message/archive', key);
    expect((await asBob('/message/update/archive', { ...key, note: 'kept' })).json).toEqual([]);
    expect((await asBob('/message/get/archive')).json.data[0]).toMatchObject({ note: 'kept', flags: ['star'] });
  });

  test('makes no message that is not there', async () => {
    await asBob('/message/update', { sender: ann.id, mtime: '1700000000000', note: 'x' });
    expect(inbox()).toBeNull();
    expect((await asBob<Row>('/message/update', { sender: ann.id, note: 'x' })).json.message).toBe('mtime is required');
  });
});

describe('/message/del', () => {
  test('by sender, by time, of all boxes', async () => {
    const [first = '', second = ''] = await send('a', 'b', 'c');
    expect((await asBob('/message/del', { sender: ann.id, mtime: first })).json).toEqual([]);
    expect([texts(await asBob('/message/get')), await unread()]).toEqual([['b', 'c'], 2]);
    await asBob('/message/archive', { mtime: second });
    expect((await asBob('/message/del/archive', { sender: ann.id })).json).toEqual([]);
    expect(texts(await asBob('/message/get/archive'))).toEqual([]);
    await asBob('/message/del', { sender: ann.id });
    expect([inbox(), await unread()]).toEqual([null, 0]);
    expect(texts(await asAnn<RowPage>('/message/get/sent', { recipient: bob.id }))).toEqual(['a', 'b', 'c']);
    expect((await asAnn('/message/del/sent', { recipient: bob.id, mtime: first })).json).toEqual([]);
    expect(texts(await asAnn<RowPage>('/message/get/sent', { mtime: second, _ops: 'mtime,le' }))).toEqual(['b']);
  });

  test('removes nothing when it is not said what', async () => {
    await send('a');
    for (const path of ['/message/del', '/message/del/archive', '/message/del/sent']) {
      expect((await asBob(path)).status).toBe(400);
    }
    expect(texts(await asBob('/message/get'))).toEqual(['a']);
  });
});
