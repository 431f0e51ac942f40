import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient } from '../harness/stompjs-client.js';

const PATIENCE = { timeout: 30_000 };
const RULES = fileURLToPath(new URL('../../packages/backendjs/rules.json', import.meta.url));
const SETTINGS = {
  'api-allow': ['^/account/add$'],
  'api-session-secret': 'secret of sessions',
  'api-access-token-secret': 'secret of tokens',
};
const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';
const SECRET = 'Secret of ann 1';
const LOGIN = 'ann@example.com';

interface Body {
  readonly [name: string]: unknown;
  readonly status?: number;
}

let folder: string;
let server: ServerHandle;
let ann: string;

/** Two workers: what one learns, the other has to know. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-signing-'));
  await writeFile(join(folder, 'legacy.json'), JSON.stringify(SETTINGS));
  await start();
  const { status, body } = await post('/account/add', { name: 'Ann', login: LOGIN, secret: SECRET, type: 'admin' });
  expect(status, JSON.stringify(body)).toBe(200);
  ann = String(body.id);
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const args = ['--backendjs', '--backendjs-settings', join(folder, 'legacy.json'), '--rules', RULES, '--sign-up'];
  server = await startServer({ workers: 2, dataDir: join(folder, 'data'), args });
}

interface Signing {
  readonly version?: 1 | 4;
  readonly secret?: string;
  readonly tag?: string;
  readonly contentType?: string;
  /** The text of line 7 before it is sorted. */
  readonly query?: string;
  readonly checksum?: string;
  readonly expires?: number;
}

let signed = 0;

/** Written from the description alone, so that it shares nothing with the server. */
function sign(method: string, path: string, signing: Signing = {}): Record<string, string> {
  const { version = 4, secret = SECRET, tag = '', contentType = '', query = '', checksum = '' } = signing;
  signed += 1;
  const expires = signing.expires ?? Date.now() + 60_000 + signed;
  const sorted = query.split('&').filter(Boolean).sort().join('&');
  const request = [method, '127.0.0.1', path, sorted, expires, contentType.toLowerCase(), checksum];
  const lines = version === 1 ? request : [4, tag, LOGIN, ...request];
  const hmac = createHmac(version === 1 ? 'sha1' : 'sha256', secret);
  const signature = hmac.update(`${lines.join('\n')}\n`).digest('base64');
  return { 'bk-signature': `${version}|${tag}|${LOGIN}|${signature}|${expires}|${checksum}|` };
}

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: Body; headers: Headers }> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, init);
  return { status: response.status, body: (await response.json()) as Body, headers: response.headers };
}

/** As a form, signed if `signing` is given. */
function post(
  path: string,
  values: Record<string, string>,
  signing?: Signing,
): Promise<{ status: number; body: Body; headers: Headers }> {
  const body = new URLSearchParams(values).toString();
  const proof = signing === undefined ? {} : sign('POST', path, { contentType: FORM, query: body, ...signing });
  return ask(path, { method: 'POST', body, headers: { 'content-type': FORM, ...proof } });
}

describe('a signature is taken', () => {
  test.each([1, 4] as const)('of version %i, over the query in any order', async (version) => {
    const headers = sign('GET', '/auth', { version, query: 'b=2&a=1' });
    for (const query of ['b=2&a=1', 'a=1&&b=2']) {
      expect((await ask(`/auth?${query}`, { headers })).body).toMatchObject({ id: ann, login: LOGIN });
    }
  });

  test('over a form, and over JSON by its checksum', async () => {
    const form = await post('/account/update', { city: 'Zürich', name: 'Ann B' }, {});
    expect(form.status, JSON.stringify(form.body)).toBe(200);
    const json = JSON.stringify({ street: 'Long' });
    const signing = { contentType: 'application/json', checksum: createHash('sha1').update(json).digest('base64') };
    const send = (body: string): ReturnType<typeof ask> =>
      ask('/account/update', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...sign('POST', '/account/update', signing) },
      });
    expect((await send(json)).status).toBe(200);
    expect((await send('{"street":"Short"}')).status).toBe(400);
    const { body } = await ask('/account/get', { headers: sign('GET', '/account/get') });
    expect(body).toMatchObject({ city: 'Zürich', name: 'Ann B', street: 'Long' });
  });

  test('over letters beyond ASCII, which are UTF-8', async () => {
    const socket = connectTcp(server.httpPort, '127.0.0.1');
    const [name, proof] = Object.entries(sign('GET', '/auth', { tag: 'телефон' }))[0]!;
    const head = ['GET /auth HTTP/1.1', 'Host: 127.0.0.1', `${name}: ${proof}`, 'Connection: close'];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('a signature is refused', () => {
  test.each([
    ['with another secret', 401, sign('GET', '/auth', { secret: 'guessed' })],
    ['of another path', 401, sign('GET', '/account/get')],
    ['of the past', 406, sign('GET', '/auth', { expires: Date.now() - 1_000 })],
    ['of the far future', 406, sign('GET', '/auth', { expires: Date.now() + 30 * 86_400_000 })],
    ['that is none', 417, { 'bk-signature': 'nonsense' }],
    ['that is missing', 417, {}],
  ])('%s: %i', async (_what, status, headers) => {
    const answer = await ask('/auth', { headers: headers as Record<string, string> });
    expect([answer.status, answer.body.status]).toEqual([status, status]);
  });
});

test('who registers is no admin, whatever it says', async () => {
  const answer = await ask('/system/params/get', { headers: sign('GET', '/system/params/get') });
  expect(answer.body).toMatchObject({ status: 401, code: 'ADMIN' });
});

test('an account that was made here signs in over HTTP and STOMP, and reads what is its own', async () => {
  const login = { login: LOGIN, password: SECRET };
  const { status, body } = await askHttp<{ accessToken: string; user: { uid: string } }>(
    server.httpPort,
    '/auth/login',
    { json: login },
  );
  expect([status, body.user.uid]).toEqual([200, ann]);
  const stomp = await StompjsClient.connect(server.url, { login: LOGIN, passcode: SECRET });
  const own = await stomp.listen(`/me/${ann}`);
  await expect.poll(() => own.bodies.at(-1), PATIENCE).toMatchObject({ street: 'Long' });
  await stomp.close();
  const bearer = { headers: { authorization: `Bearer ${body.accessToken}` } };
  expect((await ask('/auth', bearer)).body.id).toBe(ann);
});

test('an account that was made elsewhere gets its rows at its first login here, as who listens sees', async () => {
  const signUp = { username: 'carl', password: 'correct horse battery', displayName: 'Carl' };
  const { status, body } = await askHttp<{ user: { uid: string } }>(server.httpPort, '/auth/signup', { json: signUp });
  expect(status, JSON.stringify(body)).toBe(201);
  const stomp = await StompjsClient.connect(server.url, { login: LOGIN, passcode: SECRET });
  const rows = await stomp.listen(`/accounts/${body.user.uid}`);
  await expect.poll(() => rows.bodies.length, PATIENCE).toBe(1);
  const { body: own } = await post('/login', { login: 'carl', password: 'correct horse battery' });
  expect(own).toMatchObject({ id: body.user.uid, login: 'carl', name: 'Carl' });
  await expect.poll(() => rows.bodies.at(-1), PATIENCE).toMatchObject({ name: 'Carl' });
  await stomp.close();
});

test('tokens and sessions sign until the account has another secret, on every worker', async () => {
  const { body, headers } = await post('/login', { login: LOGIN, secret: SECRET, _session: '1', _accesstoken: '1' });
  const token = { 'bk-access-token': String(body['bk-access-token']) };
  const cookie = headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  const fresh = { connection: 'close' };
  const both = async (): Promise<number[]> => [
    (await ask('/auth', { headers: { ...token, ...fresh } })).status,
    (await ask('/auth', { headers: { cookie, ...fresh } })).status,
  ];
  expect([...(await both()), ...(await both())]).toEqual([200, 200, 200, 200]);
  expect((await post('/account/put/secret', { token_secret: '1' }, {})).status).toBe(200);
  await expect
    .poll(async () => [await both(), await both()], PATIENCE)
    .toEqual([
      [401, 200],
      [401, 200],
    ]);
});

test('a signed write is done once on the connection that it came by', async () => {
  const headers = sign('GET', '/counter/incr', { query: 'like0=1' });
  expect((await ask('/counter/incr?like0=1', { headers })).status).toBe(200);
  const again = await Promise.all([1, 2, 3].map(() => ask('/counter/incr?like0=1', { headers })));
  expect(again.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
});

test('secrets outlive a restart, and stand in no file', async () => {
  await server.stop();
  const files = await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    expect((await readFile(join(file.parentPath, file.name))).includes(SECRET), file.name).toBe(false);
  }
  await start();
  expect((await ask('/auth', { headers: sign('GET', '/auth') })).body.id).toBe(ann);
});
