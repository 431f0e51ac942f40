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
