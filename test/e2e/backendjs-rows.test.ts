import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backside, connect, type Json } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';

const PATIENCE = { timeout: 20_000 };
const PASSWORD = 'correct horse battery';

/** An account of the legacy interface with a token of its own. */
interface Person {
  readonly id: string;
  readonly token: string;
}

let folder: string;
let server: ServerHandle;
let db: Backside;
let ann: Person;
let bob: Person;
let root: Person;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-rows-'));
  const [settings, config] = [join(folder, 'legacy.json'), join(folder, 'config.json')];
  const allowed = { 'api-allow': ['^/login$', '^/account/add$'], 'api-access-token-secret': 'secret of tokens' };
  await writeFile(settings, JSON.stringify(allowed));
  await writeFile(config, JSON.stringify({ backendjs: true, backendjsSettings: settings }));
  server = await startServer({ workers: 2, args: ['--config', config] });
  db = connect(`ws://127.0.0.1:${server.httpPort}`, { socket: nodeSocket });
  [ann, bob] = [await register('ann'), await register('bob')];
  const made = await runBackside(['create-admin', 'root@example.com', '--data', server.dataDir], {
    input: `${PASSWORD}\n`,
  });
  if (made.code !== 0) throw new Error(made.stderr);
  root = await signIn('root@example.com');
});

afterAll(async () => {
  await db?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function register(name: string): Promise<Person> {
  await ask(null, '/account/add', { name, login: `${name}@example.com`, password: PASSWORD });
  return signIn(`${name}@example.com`);
}

async function signIn(login: string): Promise<Person> {
  const body = await ask<Record<string, string>>(null, '/login', { login, password: PASSWORD, _accesstoken: 1 });
  return { id: body.id ?? '', token: body['bk-access-token'] ?? '' };
}

type Values = Readonly<Record<string, string | number>>;

/** The answer to a request that is not refused. */
async function ask<Body = Json>(as: Person | null, path: string, params: Values = {}): Promise<Body> {
  const texts = Object.entries(params).map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams([...texts, ...(as === null ? [] : [['bk-access-token', as.token]])]);
  const { status, body } = await askHttp<Body>(server.httpPort, `${path}?${query}`);
  expect([path, status, status === 200 ? null : body]).toEqual([path, 200, null]);
  return body;
}

/** What a client that listens to a path has been told so far. */
async function listenTo(path: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  db.on(path, (value) => seen.push(value));
  await expect.poll(() => seen.length, PATIENCE).toBeGreaterThan(0);
  return seen;
}

/** Makes a request while a client listens, which is to see the change at once. */
async function seenBy(path: string, request: () => Promise<unknown>): Promise<unknown> {
  const seen = await listenTo(path);
  const before = seen.length;
  await request();
  await expect.poll(() => seen.length, PATIENCE).toBeGreaterThan(before);
  return seen.at(-1);
}

interface Message {
  readonly mtime: string;
  readonly msg: string;
}

describe('a client of the tree sees at once what the legacy interface writes', () => {
  test('/account/add, update, put/status, del/status, del', async () => {
    const carl = await register('carl');
    expect(await db.get(`/accounts/${carl.id}`)).toMatchObject({ name: 'carl' });
    expect(await db.get(`/counters/${carl.id}`)).toMatchObject({ ping: 0, like0: 0 });
    const named = await seenBy(`/accounts/${carl.id}`, () => ask(carl, '/account/update', { name: 'Carl Two' }));
    expect(named).toMatchObject({ name: 'Carl Two', last_name: 'Two' });
    const present = await seenBy(`/status/${carl.id}`, () => ask(carl, '/account/put/status', { status: 'here' }));
    expect(present).toMatchObject({ status: 'here', name: expect.any(String) });
    expect(await seenBy(`/status/${carl.id}`, () => ask(carl, '/account/del/status'))).toBeNull();
    expect(await seenBy(`/me/${carl.id}`, () => ask(carl, '/account/del'))).toBeNull();
    expect(await db.get(`/counters/${carl.id}`)).toBeNull();
  });

  test('/connection/add, put, update, incr, del', async () => {
    const mirror = `/references/${bob.id}/like/${ann.id}`;
    const pair = { peer: bob.id, type: 'like' };
    expect(await seenBy(mirror, () => ask(ann, '/connection/add', { ...pair, state: 'sent' }))).toMatchObject({
      state: 'sent',
      name: 'ann',
    });
    expect(await db.get(`/counters/${bob.id}/like1`)).toBe(1);
    expect(await seenBy(mirror, () => ask(ann, '/connection/put', { ...pair, n: 1 }))).not.toHaveProperty('state');
    const accepted = await seenBy(mirror, () => ask(ann, '/connection/update', { ...pair, state: 'accepted' }));
    expect(accepted).toMatchObject({ state: 'accepted' });
    expect(await seenBy(mirror, () => ask(ann, '/connection/incr', { ...pair, n: 4 }))).toMatchObject({ n: 5 });
    expect(await seenBy(`/counters/${bob.id}`, () => ask(ann, '/connection/del', pair))).toMatchObject({ like1: 0 });
    expect(await db.get(mirror)).toBeNull();
  });

  test('/counter/put, update, incr, and the event of it', async () => {
    const path = `/counters/${ann.id}`;
    expect(await seenBy(path, () => ask(ann, '/counter/put', { like0: 3 }))).toMatchObject({ like0: 3, ping: 0 });
    expect(await seenBy(path, () => ask(ann, '/counter/update', { like1: 4 }))).toMatchObject({ like0: 3, like1: 4 });
    const stomp = await StompjsClient.connect(server.url);
    const events = await stomp.listen(`/events/${ann.id}`);
    expect(await seenBy(path, () => ask(bob, '/counter/incr', { id: ann.id, ping: 2 }))).toMatchObject({ ping: 2 });
    await expect
      .poll(() => events.bodies.at(-1), PATIENCE)
      .toMatchObject({ path: '/counter/incr', name: 'bob', type: 'id,ping' });
    await stomp.close();
  });

  test('/message/add, read, update, archive, update/archive, del, del/archive, del/sent', async () => {
    const box = `/messages/${bob.id}`;
    const send = (msg: string) => () => ask<Message[]>(ann, '/message/add', { id: bob.id, msg });
    const stomp = await StompjsClient.connect(server.url);
    const inbox = await stomp.listen(`${box}/inbox`);
    expect(await seenBy(`${box}/unread`, send('one'))).toBe(1);
    await expect.poll(() => inbox.bodies.at(-1), PATIENCE).toMatchObject({ msg: 'one', sender: ann.id });
    const [{ mtime }] = (await send('two')()) as [Message];
    const key = { sender: ann.id, mtime };
    const at = `${mtime}:${ann.id}`;
    expect(await seenBy(`${box}/inbox/${at}`, () => ask(bob, '/message/read', key))).toMatchObject({ read: 1 });
    expect(await seenBy(`${box}/inbox/${at}`, () => ask(bob, '/message/update', { ...key, note: 'n' }))).toMatchObject({
      note: 'n',
    });
    expect(await seenBy(`${box}/archive/${at}`, () => ask(bob, '/message/archive', key))).toMatchObject({ msg: 'two' });
    const kept = await seenBy(`${box}/archive`, () => ask(bob, '/message/update/archive', { ...key, note: 'm' }));
    expect(kept).toMatchObject({ [at]: { note: 'm' } });
    expect(await seenBy(`${box}/archive`, () => ask(bob, '/message/del/archive', key))).toBeNull();
    await send('three')();
    const moved = await seenBy(`${box}/archive`, () => ask(bob, '/message/get', { _archive: 1, msg: 'three' }));
    expect(Object.values(moved as Record<string, Message>).map(({ msg }) => msg)).toEqual(['three']);
    await send('four')();
    const left = await seenBy(`${box}/inbox`, () => ask(bob, '/message/get', { _trash: 1, msg: 'four' }));
    expect(Object.values(left as Record<string, Message>).map(({ msg }) => msg)).toEqual(['one']);
    expect(await seenBy(`${box}/archive`, () => ask(bob, '/message/del/archive', { sender: ann.id }))).toBeNull();
    expect(await seenBy(`${box}/inbox`, () => ask(bob, '/message/del', { sender: ann.id }))).toBeNull();
    expect(await db.get(`${box}/unread`)).toBe(0);
    expect(await seenBy(`/messages/${ann.id}`, () => ask(ann, '/message/del/sent', { recipient: bob.id }))).toBeNull();
    await stomp.close();
  });

  test('/data/add, update, incr, replace, put, del', async () => {
    const path = '/status/u_data';
    const write = (operation: string, params: Values) => () =>
      ask(root, `/data/${operation}/bk_status`, { id: 'u_data', ...params });
    expect(await seenBy(path, write('add', { status: 'a' }))).toMatchObject({ status: 'a' });
    expect(await seenBy(path, write('update', { name: 'n' }))).toMatchObject({ status: 'a', name: 'n' });
    expect(await seenBy(path, write('incr', { atime: 5 }))).toMatchObject({ atime: 5 });
    expect(await seenBy(path, write('replace', { status: 'b' }))).toMatchObject({ status: 'b', name: 'n' });
    expect(await seenBy(path, write('put', { status: 'c' }))).not.toHaveProperty('name');
    expect(await seenBy(path, write('del', {}))).toBeNull();
  });
});

describe('the legacy interface shows what a client of the tree wrote', () => {
  interface Rows {
    readonly data: readonly Readonly<Record<string, Json>>[];
  }

  test('accounts', async () => {
    await db.set(`/accounts/${ann.id}/alias`, 'Annie');
    expect(await ask(ann, '/account/get')).toMatchObject({ alias: 'Annie', login: 'ann@example.com' });
    expect(await ask(bob, '/account/get', { id: `${ann.id},${bob.id}` })).toMatchObject([
      { alias: 'Annie' },
      { id: bob.id },
    ]);
    for (const path of ['/account/select', '/account/search']) {
      expect((await ask<Rows>(bob, path, { alias: 'Ann', _ops: 'alias,begins_with' })).data).toMatchObject([
        { id: ann.id },
      ]);
    }
  });

  test('connections and references', async () => {
    await db.set(`/connections/${ann.id}/knows/u_tree`, { state: 'x' });
    await db.set(`/references/${ann.id}/knows/u_tree`, { name: 'Tree' });
    const pair = { peer: 'u_tree', type: 'knows' };
    expect(await ask(ann, '/connection/get', pair)).toMatchObject({ ...pair, state: 'x' });
    expect(await ask(ann, '/reference/get', pair)).toMatchObject({ ...pair, name: 'Tree' });
    expect((await ask<Rows>(ann, '/connection/select', { type: 'know' })).data).toMatchObject([pair]);
    expect((await ask<Rows>(ann, '/reference/select', { peer: 'u_tree' })).data).toMatchObject([pair]);
  });

  test('counters, presence and messages', async () => {
    await db.set(`/counters/${ann.id}/follow0`, 9);
    expect(await ask(ann, '/counter/get')).toMatchObject({ follow0: 9 });
    await db.set(`/status/${bob.id}`, { status: 'away', atime: Date.now() });
    expect(await ask(ann, '/account/get/status', { id: bob.id })).toMatchObject([{ status: 'away', online: true }]);
    for (const [box, path] of [
      ['inbox', ''],
      ['archive', '/archive'],
    ] as const) {
      await db.set(`/messages/${ann.id}/${box}/1700000000000:u_tree`, { msg: box });
      expect((await ask<Rows>(ann, `/message/get${path}`)).data).toMatchObject([{ sender: 'u_tree', msg: box }]);
    }
    expect(await ask(ann, '/message/get/unread')).toEqual({ count: 1 });
    await db.set(`/messages/${ann.id}/sent/1700000000000:u_tree`, { msg: 'sent' });
    expect((await ask<Rows>(ann, '/message/get/sent')).data).toMatchObject([{ recipient: 'u_tree', msg: 'sent' }]);
  });

  test('any table', async () => {
    await db.set('/pages/p1', { title: 'A page' });
    expect(await ask(root, '/data/get/bk_pages', { id: 'p1' })).toEqual({ id: 'p1', title: 'A page' });
    for (const operation of ['select', 'search']) {
      expect((await ask<Rows>(root, `/data/${operation}/bk_pages`)).data).toMatchObject([{ id: 'p1' }]);
    }
    for (const operation of ['scan', 'list']) {
      expect(await ask(root, `/data/${operation}/bk_pages`, { id: 'p1' })).toMatchObject([{ id: 'p1' }]);
    }
    expect(await ask(root, '/data/keys/bk_pages')).toEqual(['id']);
    expect(await ask(root, '/data/columns/bk_pages')).toHaveProperty('title');
    expect(await ask(root, '/data/columns')).toHaveProperty('bk_icon');
  });
});

test('a secret is changed, and the old tokens can be revoked', async () => {
  const dora = await register('dora');
  await ask(dora, '/account/put/secret', { token_secret: 1 });
  const { status } = await askHttp(server.httpPort, `/account/get?bk-access-token=${encodeURIComponent(dora.token)}`);
  expect(status).toBe(401);
});
