import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient } from '../harness/stompjs-client.js';
import { APPLICATION_KEYS, customToken, encode, signedBy } from './application-tokens.js';
import { runBackside } from './run-backside.js';
import { StompitClient } from './stompit-client.js';

const RULES = `{"rules": {
  "users": { "$uid": { ".read": "auth.uid == $uid", ".write": "auth.uid == $uid" } },
  "secret": { ".write": "root.child('secret/word').val() == newData.val()" }
}}`;
const PASSWORD = 'correct horse battery';
const SECRET_WORD = 'xyzzy-plugh';

interface SignedIn {
  readonly user: { readonly uid: string };
  readonly session: { readonly id: string };
  readonly accessToken: string;
  readonly refreshToken: string;
}

let folder: string;
let server: ServerHandle;
let admin: SignedIn;
const clients: { close(): unknown }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-attacks-'));
  const data = join(folder, 'data');
  const databases = ['--databases', 'default,other'];
  const created = await runBackside(['create-admin', 'root', '--data', data], {
    input: `${PASSWORD}\n`,
  });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  await writeFile(join(folder, 'rules.json'), RULES);
  server = await startServer({
    workers: 2,
    dataDir: data,
    args: [
      ...['--mode', 'production', ...databases, '--rules', join(folder, 'rules.json')],
      ...['--sign-up', '--anonymous', '--password-cost', '10'],
    ],
    env: { BACKSIDE_CUSTOM_TOKEN_KEYS: APPLICATION_KEYS },
  });
  admin = (await post<SignedIn>('/auth/login', { login: 'root', password: PASSWORD })).body;
  const root = await connect({ token: admin.accessToken });
  expect(await root.send('/secret/word', SECRET_WORD)).toBeNull();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

function post<Body>(path: string, json: unknown, token?: string) {
  return askHttp<Body>(server.httpPort, path, { json, ...(token && { token }) });
}

async function connect(headers: Record<string, string> = {}): Promise<StompjsClient> {
  const client = await StompjsClient.connect(server.url, headers);
  clients.push(client);
  return client;
}

let names = 0;
async function newUser(): Promise<SignedIn & { readonly login: string }> {
  const login = `user${++names}`;
  return { login, ...(await post<SignedIn>('/auth/signup', { username: login, password: PASSWORD })).body };
}

/** Sends headers that `fetch` would not. */
async function askRaw(path: string, headers: Record<string, string>, json?: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port: server.httpPort, host: '127.0.0.1', path, method: json === undefined ? 'GET' : 'POST' };
    const sent = request({ ...options, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      text(response).then(() => resolve(response.statusCode ?? 0), reject);
    });
    sent.on('error', reject).end(json === undefined ? undefined : JSON.stringify(json));
  });
}

describe('a forged token opens no connection and no account', () => {
  async function expectRefused(token: string): Promise<void> {
    expect((await askHttp(server.httpPort, '/auth/me', { token })).status).toBe(401);
    await expect(connect({ token })).rejects.toThrow('Sign-in refused');
    await expect(connect({ login: token, passcode: '' })).rejects.toThrow('Sign-in refused');
    await expect(StompitClient.connect(server.tcpPort, { token })).rejects.toThrow('Sign-in refused');
  }

  test('signed by nobody, by another key, or by a key of another kind', async () => {
    const [header = '', payload = ''] = admin.accessToken.split('.');
    const head = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const own = `${encode({ ...head, jwk: publicKey.export({ format: 'jwk' }) })}.${payload}`;
    const signature = sign('sha256', Buffer.from(own), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const swapped = `${encode({ ...head, alg: 'HS256' })}.${payload}`;
    await expectRefused(`${encode({ ...head, alg: 'none' })}.${payload}.`);
    await expectRefused(`${own}.${signature.toString('base64url')}`);
    await expectRefused(signedBy(String(head.kid), swapped));
  });

  test('that the application signed, out of its time, too large, or for somebody who is no business of the application', async () => {
    const now = Math.floor(Date.now() / 1000);
    await expectRefused(customToken({ uid: 'a', exp: now - 1 }));
    await expectRefused(customToken({ uid: 'a', nbf: now + 300 }));
    await expectRefused(customToken({ uid: 'a', exp: now + 1e8 }));
    await expectRefused(customToken({ uid: 'a', claims: { big: 'x'.repeat(5_000) } }));
    await expectRefused(customToken({ uid: 'a/../root' }));
    await expectRefused(customToken({ uid: admin.user.uid }));
  });

  test('of another database', async () => {
    expect((await askHttp(server.httpPort, '/auth/me?ns=other', { token: admin.accessToken })).status).toBe(401);
    await expect(connect({ host: 'other', token: admin.accessToken })).rejects.toThrow('Sign-in refused');
  });

  test('as large as a header can be', async () => {
    await expectRefused('x'.repeat(10_000));
    await expect(connect({ token: 'x'.repeat(2_000_000) })).rejects.toThrow();
    expect((await askHttp(server.httpPort, '/health')).status).toBe(200);
  });
});

describe('what is private', () => {
  const NAMES = ['default.private', 'other.private', '.private', 'default/private', 'default%2Eprivate', '__proto__'];

  test.each(NAMES)('is not behind the database name %s', async (name) => {
    const { status } = await askHttp(server.httpPort, `/auth/ways?ns=${name}`);
    expect(status).toBe(404);
    const root = await connect({ token: admin.accessToken, host: name });
    expect((await root.listen('/auth')).bodies).toEqual([null]);
    expect((await root.listen('/rules')).bodies).toEqual([null]);
    expect((await root.listen('/secret/word')).bodies).toEqual([SECRET_WORD]);
  });

  test('is no path of a client, be it an admin', async () => {
    for (const path of ['/.settings/rules', '/.private/auth', '/default.private/auth', '/../auth', '/.explain/x']) {
      const root = await connect({ token: admin.accessToken });
      expect(await root.send(path, 'taken over')).toMatchObject({ code: 'invalid-path' });
    }
  });
});

describe('what is for admins', () => {
  const GETS = ['/auth/users', '/auth/devices', '/auth/audit', '/.settings/rules.json', '/.settings/rules/versions'];
  const MORE_GETS = ['/.settings/rules/coverage', '/.explain/anything'];
  const POSTS: [string, unknown][] = [
    ['/auth/users', { username: 'mallory', password: PASSWORD, admin: true }],
    ['/auth/devices', { label: 'mine' }],
    ['/auth/keys/rotate', { immediately: true }],
    ['/.settings/rules/rollback', { version: 1 }],
    ['/.settings/rules/simulate', { op: { type: 'read', path: '/' } }],
  ];

  async function statuses(token?: string): Promise<Set<number>> {
    const answers = [...GETS, ...MORE_GETS].map((path) => askHttp(server.httpPort, path, token ? { token } : {}));
    const posts = POSTS.map(([path, json]) => post(path, json, token));
    const put = { method: 'PUT', json: { rules: { '.read': true } }, ...(token && { token }) };
    const all = await Promise.all([...answers, ...posts, askHttp(server.httpPort, '/.settings/rules.json', put)]);
    return new Set(all.map(({ status }) => status));
  }

  test('is refused to nobody, to users, to who has no name, and to whom the application vouches for', async () => {
    const anonymous = (await post<SignedIn>('/auth/anonymous', {})).body;
    expect(await statuses()).toEqual(new Set([401]));
    expect(await statuses((await newUser()).accessToken)).toEqual(new Set([403]));
    expect(await statuses(anonymous.accessToken)).toEqual(new Set([403]));
    expect(await statuses(customToken({ uid: 'app', claims: { admin: true, kind: 'admin' } }))).toEqual(new Set([403]));
  });

  test('is not behind another spelling of the path, or of the method', async () => {
    const { accessToken } = await newUser();
    const paths = [
      '//auth/users',
      '/AUTH/users',
      '/auth/users/',
      '/auth/./users',
      '/auth/me/../users',
      '/auth%2Fusers',
    ];
    for (const path of paths) {
      expect([path, await askRaw(path, { authorization: `Bearer ${accessToken}` })]).toEqual([path, 404]);
    }
    const override = { authorization: `Bearer ${accessToken}`, 'x-http-method-override': 'DELETE' };
    expect(await askRaw(`/auth/users/${admin.user.uid}`, override)).toBe(403);
  });

  test('does not become a device’s by its claims or its account', async () => {
    const device = (claims: object, uid?: string) =>
      post<{ device: { key: string }; secret: string }>(
        '/auth/devices',
        { label: 'd', claims, uid },
        admin.accessToken,
      );
    for (const name of ['uid', 'sub', 'firebase', 'email_verified', 'provider']) {
      expect((await device({ [name]: 'root' })).status).toBe(400);
    }
    expect((await device({}, admin.user.uid)).status).toBe(403);
    const { body } = await device({ admin: true, kind: 'admin', role: 'admin' });
    const client = await connect({ login: body.device.key, passcode: body.secret });
    expect((await client.listen('/secret')).refusal()).toMatchObject({ code: 'permission-denied' });
  });

  test('ends with the role, on both workers, for every token that is about', async () => {
    const made = await post<{ uid: string }>(
      '/auth/users',
      { username: 'deputy', password: PASSWORD, admin: true },
      admin.accessToken,
    );
    const deputy = (await post<SignedIn>('/auth/login', { login: 'deputy', password: PASSWORD })).body;
    expect((await askHttp(server.httpPort, '/auth/users', { token: deputy.accessToken })).status).toBe(200);
    const demote = { method: 'PATCH', json: { admin: false }, token: admin.accessToken };
    expect((await askHttp(server.httpPort, `/auth/users/${made.body.uid}`, demote)).status).toBe(200);
    const asDeputy = { token: deputy.accessToken };
    const listed = async () => (await askHttp(server.httpPort, '/auth/users', asDeputy)).status;
    for (let n = 0; n < 4; n++) expect(await listed()).toBe(403);
    expect(await statuses(deputy.accessToken)).toEqual(new Set([403]));
  });
});

describe('a rules file', () => {
  const ask = (path: string, method: string, json: unknown) =>
    askHttp(server.httpPort, path, { method, json, token: admin.accessToken });
  const matching = (pattern: string) => JSON.stringify({ rules: { '.write': `newData.val().matches(/${pattern}/)` } });

  test('that is a bomb is refused: too large, too deep, or with a pattern of too many states', async () => {
    const bombs = [
      matching('((a{1000}){1000}){1000}'),
      matching('('.repeat(5_000)),
      JSON.stringify({ rules: { '.read': `${'('.repeat(30_000)}true${')'.repeat(30_000)}` } }),
      `{"rules":${'{"a":'.repeat(50_000)}{}${'}'.repeat(50_000)}}`,
    ];
    for (const bomb of bombs) expect((await ask('/.settings/rules.json', 'PUT', bomb)).status).toBe(400);
    expect((await ask('/.settings/rules.json', 'PUT', `{"rules":{}}${' '.repeat(1_100_000)}`)).status).toBe(413);
    expect((await askHttp(server.httpPort, '/health')).status).toBe(200);
  });

  test('whose pattern makes others backtrack for ever is evaluated all the same', async () => {
    const op = { type: 'write', path: '/x', value: `${'a'.repeat(50_000)}!` };
    const answer = await ask('/.settings/rules/simulate', 'POST', { rules: matching('^(a+)+$'), op });
    expect(answer).toMatchObject({ status: 200, body: { allowed: false } });
  });
});

describe('an explanation', () => {
  test('of a refusal is for the admins of its database; the refused gets no more than its name', async () => {
    const user = await newUser();
    const client = await connect({ token: user.accessToken });
    const refused = await client.send('/secret/word', 'a guess');
    expect(JSON.stringify(refused)).not.toContain(SECRET_WORD);
    const path = `/.explain/${refused!.trace}`;
    const asked = await Promise.all([
      askHttp(server.httpPort, path),
      askHttp(server.httpPort, path, { token: user.accessToken }),
      askHttp(server.httpPort, `${path}?auth=${user.accessToken}`),
      askHttp(server.httpPort, `${path}?ns=other`, { token: admin.accessToken }),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([401, 403, 403, 401]);
    expect(JSON.stringify(asked)).not.toContain(SECRET_WORD);
    const own = await askHttp(server.httpPort, path, { token: admin.accessToken });
    expect([own.status, JSON.stringify(own.body)]).toEqual([200, expect.stringContaining(SECRET_WORD)]);
  });
});

describe('a session', () => {
  test('that is revoked while it connects ends up without rights', async () => {
    for (let round = 0; round < 10; round++) {
      const user = await newUser();
      const keeper = (await post<SignedIn>('/auth/login', { login: user.login, password: PASSWORD })).body;
      const opening = Array.from({ length: 4 }, () => connect({ token: user.accessToken }).catch(() => null));
      const end = { method: 'DELETE', token: keeper.accessToken };
      const ended = await askHttp(server.httpPort, `/auth/sessions/${user.session.id}`, end);
      expect(ended.status).toBe(204);
      const open = (await Promise.all(opening)).filter((client) => client !== null);
      for (const client of open) {
        const write = async () => (await client.send(`/users/${user.user.uid}`, round))?.code ?? 'written';
        await expect.poll(write, { timeout: 2_000 }).toBe('unauthenticated');
      }
      await Promise.all(open.map((client) => client.close()));
    }
  });

  test('whose refresh token is used by two at once ends', async () => {
    const { refreshToken } = await newUser();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post<SignedIn>('/auth/refresh', { refreshToken })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { body, status } of answers) {
      if (status !== 200) continue;
      const works = async () => (await askHttp(server.httpPort, '/auth/me', { token: body.accessToken })).status;
      await expect.poll(works).toBe(401);
    }
  });
});

describe('guessing', () => {
  const GUESSES = 60;

  test('looks the same for who exists and who does not', async () => {
    const { login } = await newUser();
    const guess = (name: string) => post('/auth/login', { login: name, password: 'a guess' });
    const reset = (name: string) => post('/auth/reset', { login: name });
    const onConnection = (name: string) => connect({ login: name, passcode: 'a guess' }).then(() => 'open', String);
    for (const attempt of [guess, reset, onConnection]) {
      expect(await attempt(login)).toEqual(await attempt('nobody-of-that-name'));
    }
  });

  test('over HTTP is slowed down, whatever address the headers claim', async () => {
    const { login } = await newUser();
    const seen = new Map<number, number>();
    for (let n = 0; n < GUESSES; n++) {
      const headers = { 'x-forwarded-for': `192.0.2.${n}`, forwarded: `for=192.0.2.${n}`, 'x-real-ip': `192.0.2.${n}` };
      const status = await askRaw('/auth/login', headers, { login, password: `guess ${n}` });
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual([401, 429]);
    expect(seen.get(429)).toBeGreaterThan(GUESSES / 3);
  });

  test('on connections is slowed down, each connection anew or one in-band', async () => {
    const { login } = await newUser();
    const refusals: string[] = [];
    for (let n = 0; n < GUESSES; n++) {
      const connecting = StompjsClient.connect(server.url, { login, passcode: `guess ${n}` });
      refusals.push(await connecting.then(() => 'open', String));
    }
    expect(refusals).not.toContain('open');
    expect(refusals.filter((refusal) => refusal.includes('Too many')).length).toBeGreaterThan(GUESSES / 3);
    const client = await connect();
    const codes: unknown[] = [];
    for (let n = 0; n < 15; n++) codes.push((await client.send('/.auth', { login, passcode: `more ${n}` }))?.code);
    expect(codes).toContain('rate-limited');
  });
});
