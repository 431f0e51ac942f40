import type { Database } from '@backside/api';
import { ADMIN, type Commit } from '@backside/protocol';
import { type Append, createMemoryJournal, type Journal } from '@backside/store';
import { type Json, nodeToJson, parsePath } from '@backside/tree';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { openDatabase } from '../testing/open-database.js';

const DISK_MS = 20;

/** A journal whose disk takes its time: until a write is on it, nobody reads it, so that requests at once all read what was before. */
function slowJournal(): Journal {
  const journal = createMemoryJournal({ keepCommits: 1_000 });
  const append = journal.append.bind(journal);
  const late = <Value>(value: Promise<Value>): Promise<Value> =>
    new Promise((resolve) => setTimeout(() => resolve(value), DISK_MS));
  const slowly = (base: number, commits: readonly Commit[]): Append => {
    const { accepted, durable } = append(base, commits);
    return { accepted, durable: late(durable) };
  };
  return Object.defineProperty(journal, 'append', { value: slowly });
}

let database: Database;
let server: LegacyFixture;
let ann: TestAccount;
let bob: TestAccount;
let made = 0;

beforeAll(async () => {
  database = await openDatabase({ journal: slowJournal() });
  server = await startLegacy({ extend: () => ({ database }) });
});
afterAll(async () => {
  await server.close();
  await database.close();
});
beforeEach(async () => {
  made += 1;
  ann = await server.account(`ann${made}`, { secret: 'short' });
  bob = await server.account(`bob${made}`, { secret: 'short' });
});

const value = (path: string): Json => nodeToJson(database.read(ADMIN, parsePath(path)).node, 'val');
const counter = (account: TestAccount, column: string): Json => value(`/counters/${account.id}/${column}`);

type Values = Readonly<Record<string, string | number>>;

/** The statuses of a request that is made several times at once. */
async function atOnce(times: number, path: string, params: Values, as = ann): Promise<number[]> {
  const asked = Array.from({ length: times }, () => server.client.get(path, params, { as }));
  return (await Promise.all(asked)).map(({ status }) => status).sort();
}

test('a connection is added once', async () => {
  expect(await atOnce(4, '/connection/add', { peer: bob.id, type: 'like' })).toEqual([200, 409, 409, 409]);
  expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 1]);
});

test('a connection that is put is counted once, and once when it goes', async () => {
  expect(await atOnce(4, '/connection/put', { peer: bob.id, type: 'like' })).toEqual([200, 200, 200, 200]);
  expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([1, 1]);
  expect(await atOnce(4, '/connection/del', { peer: bob.id, type: 'like' })).toEqual([200, 200, 200, 200]);
  expect([counter(ann, 'like0'), counter(bob, 'like1')]).toEqual([0, 0]);
});

test('two who connect at once are both connected and counted', async () => {
  const add = (from: TestAccount, to: TestAccount) =>
    server.client.get('/connection/add', { peer: to.id, type: 'follow' }, { as: from });
  await Promise.all([add(ann, bob), add(bob, ann)]);
  for (const account of [ann, bob]) expect([counter(account, 'follow0'), counter(account, 'follow1')]).toEqual([1, 1]);
});

test('numbers that a connection holds are added up', async () => {
  await atOnce(1, '/connection/add', { peer: bob.id, type: 'like', n: 1 });
  await atOnce(4, '/connection/incr', { peer: bob.id, type: 'like', n: 2 });
  expect(value(`/connections/${ann.id}/like/${bob.id}/n`)).toBe(9);
  expect(value(`/references/${bob.id}/like/${ann.id}/n`)).toBe(9);
});

test('messages are marked, moved and removed once, and the flag is right meanwhile', async () => {
  for (const msg of ['a', 'b', 'c', 'd']) await atOnce(1, '/message/add', { id: bob.id, msg });
  const [first = ''] = Object.keys(value(`/messages/${bob.id}/inbox`) as object);
  await atOnce(4, '/message/read', { mtime: first.split(':')[0] as string }, bob);
  expect(value(`/messages/${bob.id}/unread`)).toBe(3);
  await Promise.all([
    atOnce(3, '/message/get', { _archive: 1, _count: 3 }, bob),
    atOnce(4, '/message/add', { id: bob.id, msg: 'new' }),
  ]);
  const [inbox, archive] = ['inbox', 'archive'].map((box) => Object.values(value(`/messages/${bob.id}/${box}`) ?? {}));
  expect((inbox?.length ?? 0) + (archive?.length ?? 0)).toBe(8);
  expect(value(`/messages/${bob.id}/unread`)).toBe(inbox?.length);
});

test('a deleted message does not come back with what was under way', async () => {
  await atOnce(1, '/message/add', { id: bob.id, msg: 'a' });
  const [key = ''] = Object.keys(value(`/messages/${bob.id}/inbox`) as object);
  const params = { sender: ann.id, mtime: key.split(':')[0] as string };
  await atOnce(1, '/message/read', params, bob);
  await Promise.all([
    atOnce(2, '/message/del', params, bob),
    ...[1, 2, 3].map((note) => atOnce(1, '/message/update', { ...params, note }, bob)),
  ]);
  expect(value(`/messages/${bob.id}/inbox`)).toBeNull();
});

test('a deleted account does not come back with what was under way', async () => {
  const [deleted, ...updates] = await Promise.all([
    server.client.get('/account/del', {}, { as: ann }),
    ...Array.from({ length: 6 }, (_, i) => server.client.get('/account/update', { city: `c${i}` }, { as: ann })),
  ]);
  expect(deleted.status).toBe(200);
  for (const { status } of updates) expect([200, 401, 404]).toContain(status);
  expect([value(`/me/${ann.id}`), value(`/accounts/${ann.id}`)]).toEqual([null, null]);
});

test('a row of data is added once', async () => {
  const root = await server.account(`root${made}`, { types: ['admin'] });
  const row = { id: `u_${made}`, status: 'x' };
  expect(await atOnce(3, '/data/add/bk_status', row, root)).toEqual([200, 409, 409]);
  await atOnce(4, '/data/incr/bk_status', { id: row.id, n: 2 }, root);
  expect(value(`/status/${row.id}/n`)).toBe(8);
});
