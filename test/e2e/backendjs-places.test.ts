import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';

const PATIENCE = { timeout: 30_000 };
const PASSWORD = 'correct horse battery';
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SETTINGS = {
  'api-access-token-secret': 'secret of tokens',
  'api-subscribe-interval': 0,
  'api-allow': ['^/login$', '^/image/open/'],
};

interface Account {
  readonly id: string;
  readonly token: string;
}

let folder: string;
let server: ServerHandle;
let ann: Account;
let bob: Account;

/** Two workers, so that what one does is seen through the other. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-places-'));
  const settings = join(folder, 'legacy.json');
  await writeFile(settings, JSON.stringify(SETTINGS));
  server = await startServer({ workers: 2, args: ['--backendjs', '--backendjs-settings', settings] });
  const { dataDir } = server;
  const made = await runBackside(['create-admin', 'root@example.com', '--data', dataDir], { input: `${PASSWORD}\n` });
  expect(made.stderr).toBe('');
  const root = await signIn('root@example.com', { password: PASSWORD });
  [ann, bob] = [await addAccount(root, 'ann'), await addAccount(root, 'bob')];
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function signIn(login: string, proof: Readonly<Record<string, string>>): Promise<Account> {
  const query = new URLSearchParams({ login, ...proof, _accesstoken: '1' });
  const { status, body } = await askHttp<Record<string, string>>(server.httpPort, `/login?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return { id: body.id!, token: body['bk-access-token']! };
}

async function addAccount(root: Account, name: string): Promise<Account> {
  const login = `${name}@example.com`;
  const secret = `Secret of ${name} 1`;
  const { status, body } = await ask('/account/add', root, { name, login, secret });
  expect(status, JSON.stringify(body)).toBe(200);
  return signIn(login, { secret });
}

type Params = Readonly<Record<string, string | number>>;

function signed(path: string, as: Account, params: Params = {}): string {
  const texts = Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]);
  return `${path}?${new URLSearchParams([...texts, ['bk-access-token', as.token]])}`;
}

function ask<Body>(path: string, as: Account, params: Params = {}): ReturnType<typeof askHttp<Body>> {
  return askHttp<Body>(server.httpPort, signed(path, as, params));
}

/** The same for what must succeed. */
async function done(path: string, as: Account, params: Params): Promise<void> {
  const { status, body } = await ask(path, as, params);
  expect(status, JSON.stringify(body)).toBe(200);
}

/** Runs `act` while a client of the SDK listens to `path`, and gives what the client saw last once `until` holds for it. */
async function watching(
  path: string,
  act: () => Promise<unknown>,
  until: (value: unknown) => boolean,
): Promise<unknown> {
  const db = connect(`ws://127.0.0.1:${server.httpPort}`, { socket: nodeSocket });
  const seen: unknown[] = [];
  db.on(path, (value) => seen.push(value));
  try {
    await expect.poll(() => seen.length, PATIENCE).toBeGreaterThan(0);
    await act();
    await expect.poll(() => until(seen.at(-1)), PATIENCE).toBe(true);
    return seen.at(-1);
  } finally {
    await db.close();
  }
}

test('a location put by HTTP is seen in the tree, and found by distance', async () => {
  const place = { latitude: 37.7, longitude: -122.4 };
  const seen = await watching(
    '/locations',
    () => done('/location/put', ann, place),
    (value) => value !== null,
  );
  expect(seen).toEqual({ '9q8yq': { [ann.id]: expect.objectContaining({ ...place, name: 'ann' }) } });
  const near = { latitude: 37.75, longitude: -122.42, distance: 10 };
  await expect
    .poll(async () => (await ask('/location/get', bob, near)).body, PATIENCE)
    .toEqual({ count: 1, data: [{ id: ann.id, name: 'ann', distance: 5 }], next_token: '' });
});

test('an icon and a file put by HTTP are seen in the tree and served by every worker', async () => {
  const icons = await watching(
    `/icons/${ann.id}`,
    () => done('/icon/put', ann, { prefix: 'open', type: 'me', icon: PNG, _width: 8 }),
    (value) => value !== null,
  );
  expect(icons).toMatchObject({ open: { me: { width: 8, height: 8, ext: 'png' } } });
  const fresh = { headers: { connection: 'close' } };
  const image = `http://127.0.0.1:${server.httpPort}/image/open/${ann.id}/me.png`;
  for (let i = 0; i < 4; i++) {
    const response = await fetch(image, fresh);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    await response.arrayBuffer();
  }
  const file = { prefix: 'notes', name: 'a.txt' };
  await watching(
    '/files/notes',
    () => done('/file/put', ann, { ...file, data: 'aGVsbG8=' }),
    (value) => value !== null,
  );
  await expect.poll(async () => (await ask('/file/get', bob, file)).body, PATIENCE).toBe('hello');
});

test('a page that a client of the tree writes is shown by HTTP, and the other way round', async () => {
  const stomp = await StompjsClient.connect(server.url);
  const listen = await stomp.listen('/pages/news');
  await done('/pages/put/news', ann, { title: 'News', content: '# One' });
  await expect.poll(() => listen.bodies.at(-1), PATIENCE).toMatchObject({ title: 'News', userid: ann.id });
  await askHttp(server.httpPort, '/pages/news/content.json', { method: 'PUT', json: JSON.stringify('# Two <script>') });
  await expect
    .poll(async () => (await ask<string>('/pages/show/news', bob)).body, PATIENCE)
    .toContain('Two &lt;script&gt;</h1>');
  await stomp.close();
});

/** Every endpoint of these areas that writes: what a client of the tree sees at `path`; null for nothing any more. In this order. */
const WRITES: readonly [endpoint: string, params: Params, path: string, seen: object | null][] = [
  ['/account/put/icon', { type: '1', icon: PNG, descr: 'one' }, '/icons/ANN/account/1', { descr: 'one', width: 1 }],
  ['/account/del/icon', { type: '1' }, '/icons/ANN/account/1', null],
  ['/account/put/icon', { type: '2', icon: PNG }, '/icons/ANN/account/2', { ext: 'png' }],
  ['/account/icon/del', { type: '2' }, '/icons/ANN/account/2', null],
  [
    '/icon/put',
    { prefix: 'album', type: 'a', icon: PNG, acl_allow: 'auth' },
    '/icons/ANN/album/a',
    { acl_allow: 'auth' },
  ],
  ['/icon/del', { prefix: 'album', type: 'a' }, '/icons/ANN/album/a', null],
  [
    '/file/add',
    { prefix: 'p', name: 'b.txt', data: 'aGVsbG8=' },
    '/files/p/b%2Etxt',
    { size: 5, owner: expect.any(String) },
  ],
  ['/file/del', { prefix: 'p', name: 'b.txt' }, '/files/p/b%2Etxt', null],
  ['/pages/put', { id: 'x', title: 'X', content: 'x', pub: 1 }, '/pages/x', { title: 'X', pub: true }],
  ['/pages/del/x', {}, '/pages/x', null],
  ['/location/put', { latitude: -33.9, longitude: 18.4 }, '/locations/k3vp4/ANN', { latitude: -33.9 }],
  ['/location/put', { latitude: -34.5, longitude: 18.4 }, '/locations/k3vp4/ANN', null],
];

test('what every endpoint of icons, files, pages and places writes is seen in the tree', async () => {
  for (const [endpoint, params, path, expected] of WRITES) {
    const act = () => done(endpoint, ann, params);
    const seen = await watching(path.replace('ANN', ann.id), act, (value) => (value === null) === (expected === null));
    expect([endpoint, seen]).toEqual([endpoint, expected === null ? null : expect.objectContaining(expected)]);
  }
});

test('every endpoint of icons, files, pages and places that reads shows what is in the tree', async () => {
  await done('/icon/put', ann, { prefix: 'reads', type: 'a', icon: PNG, acl_allow: 'all' });
  await done('/account/put/icon', ann, { type: '3', icon: PNG, acl_allow: 'auth' });
  await done('/message/add', bob, { id: ann.id, icon: PNG, _publish: 0 });
  await done('/file/put', ann, { prefix: 'pages', name: 'guide.md', data: Buffer.from('# Guide').toString('base64') });
  await done('/location/put', ann, { latitude: 1, longitude: 1 });
  const put = (path: string, value: unknown) =>
    askHttp(server.httpPort, `${path}.json`, { method: 'PUT', json: JSON.stringify(value) });
  await put(`/icons/${ann.id}/reads/a/descr`, 'of the tree');
  await put(`/icons/${ann.id}/account/3/descr`, 'of the tree');
  await put('/pages/tree', { title: 'Of the tree', content: 'x' });
  await put(`/accounts/${ann.id}/alias`, 'Annie');
  const { body: inbox } = await ask<{ data: { mtime: string; icon: string }[] }>('/message/get', ann);
  const picture = inbox.data.find(({ icon }) => icon !== undefined)!;
  const near = { latitude: 1, longitude: 1.01, distance: 5 };
  const reads: readonly [endpoint: string, as: Account, params: Params, expected: unknown][] = [
    ['/icon/select', bob, { id: ann.id, prefix: 'reads' }, [expect.objectContaining({ descr: 'of the tree' })]],
    ['/account/select/icon', bob, { id: ann.id }, [expect.objectContaining({ descr: 'of the tree', type: '3' })]],
    ['/icon/get', bob, { id: ann.id, prefix: 'reads', type: 'a' }, expect.stringContaining('PNG')],
    ['/account/get/icon', bob, { id: ann.id, type: '3' }, expect.stringContaining('PNG')],
    [`/image/reads/${ann.id}/a.png`, bob, {}, expect.stringContaining('PNG')],
    ['/message/image', ann, { sender: bob.id, mtime: picture.mtime }, expect.stringContaining('PNG')],
    ['/pages/get/tree', bob, {}, { id: 'tree', title: 'Of the tree', content: 'x' }],
    ['/pages/select', bob, { title: 'Of the tree' }, [{ id: 'tree', title: 'Of the tree', content: 'x' }]],
    ['/pages/file/guide.md', bob, {}, expect.stringContaining('<h1 id="h-guide">Guide</h1>')],
    ['/location/search', bob, near, expect.objectContaining({ data: [{ id: ann.id, name: 'ann', distance: 1 }] })],
    [
      '/account/select/location',
      bob,
      near,
      { count: 1, data: [expect.objectContaining({ alias: 'Annie' })], next_token: '' },
    ],
  ];
  for (const [endpoint, as, params, expected] of reads) {
    const { status, body } = await ask(endpoint, as, params);
    expect([endpoint, status, body]).toEqual([endpoint, 200, expected]);
  }
  const uploaded = await ask<{ url: string }>('/icon/upload', ann, { prefix: 'open', type: 'up', icon: PNG });
  expect((await askHttp(server.httpPort, uploaded.body.url)).body).toEqual(expect.stringContaining('PNG'));
});

test('long polls and websockets hear what comes by any worker', async () => {
  const sockets = await Promise.all(Array.from({ length: 4 }, () => subscribe()));
  const polls = Array.from({ length: 4 }, () => ask('/account/subscribe', ann));
  const told = expect.objectContaining({ path: '/message/add', name: 'bob', msg: 'Hello' });
  const event = await watching(
    `/events/${ann.id}`,
    async () => {
      // Whether a request listens already only its answer shows: the message is sent until all have heard of it.
      const answered = Promise.all(polls);
      let waiting = true;
      const ended = answered.finally(() => (waiting = false));
      for (let tries = 0; tries < 50 && waiting; tries++) {
        await done('/message/add', bob, { id: ann.id, msg: 'Hello' });
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
      }
      for (const { status, body } of await answered) expect([status, body]).toEqual([200, [told]]);
    },
    (value) => value !== null,
  );
  expect(event).toEqual(told);
  for (const { frames } of sockets) {
    await expect.poll(() => frames[0], PATIENCE).toEqual({ _id: 's', data: [told] });
  }
  for (const { socket } of sockets) socket.terminate();
});

async function subscribe(): Promise<{ readonly socket: WebSocket; readonly frames: unknown[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.httpPort}/ws`);
  const frames: unknown[] = [];
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(signed('/account/subscribe', ann, { _id: 's' }));
  return { socket, frames };
}
