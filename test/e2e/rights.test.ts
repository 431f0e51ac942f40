import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';

const RULES = `{
  // who may do what in this test
  "rules": {
    "public": { ".read": true },
    "rooms": { "$room": {
      ".read": "auth != null && root.child('members').child($room).child(auth.uid).val() == true",
      ".write": "auth != null && root.child('members').child($room).child(auth.uid).val() == true"
    } },
    "staff": { ".read": "auth.token.role == 'staff'" },
    "users": { "$uid": { ".read": "auth.uid == $uid", ".write": "auth.uid == $uid" } }
  }
}
`;
const APPLICATION_SECRET = 'a secret of the application that signs tokens';
const ADMIN_PASSWORD = 'correct horse battery';
const PASSWORD = 'staple battery horse';
/** Connections go to either worker; this many cover both. */
const EACH_WORKER = 4;

interface SignedIn {
  readonly user: { readonly uid: string };
  readonly session: { readonly id: string };
  readonly accessToken: string;
  readonly refreshToken: string;
}

let folder: string;
let server: ServerHandle;
let admin: SignedIn;
const clients: StompjsClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-rights-'));
  const data = join(folder, 'data');
  const created = await runBackside(['create-admin', 'root', '--data', data], { input: `${ADMIN_PASSWORD}\n` });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  await writeFile(join(folder, 'rules.json'), RULES);
  const keys = JSON.stringify([{ algorithm: 'HS256', key: APPLICATION_SECRET }]);
  const args = ['--mode', 'production', '--rules', join(folder, 'rules.json'), '--sign-up', '--anonymous'];
  server = await startServer({
    workers: 2,
    dataDir: data,
    args: [...args, '--password-cost', '10'],
    env: { BACKSIDE_CUSTOM_TOKEN_KEYS: keys },
  });
  admin = await post('/auth/login', { login: 'root', password: ADMIN_PASSWORD });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function post<Body>(path: string, json: unknown, token?: string): Promise<Body> {
  const { status, body } = await askHttp<Body>(server.httpPort, path, { json, ...(token && { token }) });
  expect({ path, status, body }).toMatchObject({ status: expect.toSatisfy((code: number) => code < 300) });
  return body;
}

async function connect(headers: Record<string, string> = {}): Promise<StompjsClient> {
  const client = await StompjsClient.connect(server.url, headers);
  clients.push(client);
  return client;
}

async function connectAdmin(): Promise<StompjsClient> {
  return connect({ token: admin.accessToken });
}

let names = 0;
async function newUser(): Promise<SignedIn & { readonly login: string }> {
  const login = `user${++names}`;
  return { login, ...(await post<SignedIn>('/auth/signup', { username: login, password: PASSWORD })) };
}

/** A token that the application signs itself. */
function customToken(uid: string, claims: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ uid, claims, iat: now, exp: now + 600 })}`;
  return `${body}.${createHmac('sha256', APPLICATION_SECRET).update(body).digest('base64url')}`;
}

test('production without anything said lets nobody read or write, and says the name of the explanation', async () => {
  const client = await connect();
  const { refusal } = await client.listen('/somewhere');
  expect(refusal()).toMatchObject({ code: 'permission-denied' });
  const refused = await client.send('/somewhere', 1);
  expect(refused).toMatchObject({ code: 'permission-denied', trace: expect.any(String) });
  const explained = await runBackside(['rules', 'explain', refused!.trace!, '--data', join(folder, 'data')]);
  expect(explained.stdout).toContain('write of /somewhere by nobody was refused');
});

test('every way to sign in leads to the same rights', async () => {
  const user = await newUser();
  const device = await post<{ device: { key: string }; secret: string }>(
    '/auth/devices',
    { label: 'sensor', uid: user.user.uid },
    admin.accessToken,
  );
  const anonymous = await post<SignedIn>('/auth/anonymous', {});
  const custom = await post<SignedIn>('/auth/custom', { token: customToken('of-the-application', {}) });
  const ways: [string, Record<string, string>][] = [
    [user.user.uid, { login: user.login, passcode: PASSWORD }],
    [user.user.uid, { token: user.accessToken }],
    [user.user.uid, { login: user.accessToken, passcode: '' }],
    [user.user.uid, { login: device.device.key, passcode: device.secret }],
    [anonymous.user.uid, { token: anonymous.accessToken }],
    [custom.user.uid, { token: custom.accessToken }],
    ['of-the-application', { token: customToken('of-the-application', {}) }],
  ];
  for (const [uid, headers] of ways) {
    const client = await connect(headers);
    expect(await client.send(`/users/${uid}/seen`, true)).toBeNull();
    expect(await client.send('/users/somebody-else/seen', true)).toMatchObject({ code: 'permission-denied' });
  }
  await expect(connect({ login: user.login, passcode: 'wrong' })).rejects.toThrow('Sign-in refused');
  await expect(connect({ token: `${user.accessToken}x` })).rejects.toThrow('Sign-in refused');
});

test('a change of data ends exactly the listens that it takes the right from, before anything more is told', async () => {
  const [ann, bob] = [await newUser(), await newUser()];
  const root = await connectAdmin();
  await root.send('/members/lobby', { [ann.user.uid]: true, [bob.user.uid]: true });
  const open = async (user: SignedIn) => (await connect({ token: user.accessToken })).listen('/rooms/lobby');
  const ofAnn = await Promise.all(Array.from({ length: EACH_WORKER }, () => open(ann)));
  const ofBob = await Promise.all(Array.from({ length: EACH_WORKER }, () => open(bob)));
  await root.send('/rooms/lobby/m1', 'hello');
  await root.send(`/members/lobby/${bob.user.uid}`, null);
  await root.send('/rooms/lobby/m2', 'bob is gone');
  for (const listen of ofAnn) await until(() => listen.bodies.includes('bob is gone'), 'the message for ann');
  for (const listen of ofBob) {
    await until(() => listen.refusal() !== null, 'the end of the listen of bob');
    expect(listen.refusal()).toMatchObject({ code: 'permission-denied', trace: expect.any(String) });
    expect(listen.bodies).toEqual([null, 'hello']);
  }
  expect(ofAnn.map(({ refusal }) => refusal())).toEqual(ofAnn.map(() => null));
});

test('new rules end exactly the listens that they take the right from, on both workers within a second', async () => {
  const client = await Promise.all(Array.from({ length: EACH_WORKER }, () => connect()));
  const user = await newUser();
  const members = await Promise.all(
    Array.from({ length: EACH_WORKER }, async () =>
      (await connect({ token: user.accessToken })).listen(`/users/${user.user.uid}`),
    ),
  );
  const listens = await Promise.all(client.map((one) => one.listen('/public')));
  const closed = RULES.replace('"public": { ".read": true },', '');
  await putRules(closed);
  const since = Date.now();
  for (const { refusal } of listens) await until(() => refusal() !== null, 'the end of a listen');
  expect(Date.now() - since).toBeLessThan(2_000);
  expect(listens.map(({ refusal }) => refusal()!.code)).toEqual(listens.map(() => 'permission-denied'));
  expect(members.map(({ refusal }) => refusal())).toEqual(members.map(() => null));
  const back = await runBackside(['rules', 'rollback', '1', '--data', join(folder, 'data')]);
  expect(back).toMatchObject({ code: 0 });
  expect((await (await connect()).listen('/public')).refusal()).toBeNull();
  const shown = await askHttp(server.httpPort, '/.settings/rules.json', { token: admin.accessToken });
  expect(shown.status).toBe(200);
  expect(await rulesText()).toBe(RULES);
});

async function putRules(text: string): Promise<void> {
  const options = { method: 'PUT', json: text, token: admin.accessToken };
  expect((await askHttp(server.httpPort, '/.settings/rules.json', options)).status).toBeLessThan(300);
}

async function rulesText(): Promise<string> {
  const headers = { authorization: `Bearer ${admin.accessToken}` };
  return (await fetch(`http://127.0.0.1:${server.httpPort}/.settings/rules.json`, { headers })).text();
}

test('a change of role gives and takes rights on open connections', async () => {
  const user = await newUser();
  const open = await Promise.all(Array.from({ length: EACH_WORKER }, () => connect({ token: user.accessToken })));
  for (const client of open) expect((await client.listen('/staff')).refusal()).not.toBeNull();
  await setClaims(user.user.uid, { role: 'staff' });
  const listens = [];
  for (const client of open) {
    let listen = await client.listen('/staff');
    for (const deadline = Date.now() + 2_000; listen.refusal() !== null && Date.now() < deadline; ) {
      await sleep(20);
      listen = await client.listen('/staff');
    }
    listens.push(listen);
  }
  expect(listens.map(({ refusal }) => refusal())).toEqual(listens.map(() => null));
  await setClaims(user.user.uid, { role: 'guest' });
  for (const { refusal } of listens) await until(() => refusal() !== null, 'the end of a listen');
  expect(open.every(({ connected }) => connected)).toBe(true);
});

async function setClaims(uid: string, claims: unknown): Promise<void> {
  const options = { method: 'PATCH', json: { claims }, token: admin.accessToken };
  expect((await askHttp(server.httpPort, `/auth/users/${uid}`, options)).status).toBe(200);
}

test('a revoked session loses its rights on every connection within a second, and another session of the user none', async () => {
  const user = await newUser();
  const other = await post<SignedIn>('/auth/login', { login: user.login, password: PASSWORD });
  const path = `/users/${user.user.uid}`;
  const open = async ({ accessToken }: SignedIn) => {
    const client = await connect({ token: accessToken });
    return { client, listen: await client.listen(path) };
  };
  const revoked = await Promise.all(Array.from({ length: EACH_WORKER }, () => open(user)));
  const kept = await Promise.all(Array.from({ length: EACH_WORKER }, () => open(other)));
  const ended = await askHttp(server.httpPort, `/auth/sessions/${user.session.id}`, {
    method: 'DELETE',
    token: other.accessToken,
  });
  expect(ended.status).toBeLessThan(300);
  const since = Date.now();
  for (const { listen } of revoked) await until(() => listen.refusal() !== null, 'the end of a listen');
  expect(Date.now() - since).toBeLessThan(2_000);
  for (const { client } of revoked) expect(await client.send(path, 1)).toMatchObject({ code: 'unauthenticated' });
  for (const { client } of kept) expect(await client.send(path, { still: 'here' })).toBeNull();
  expect(kept.map(({ listen }) => listen.refusal())).toEqual(kept.map(() => null));
  await expect(connect({ token: user.accessToken })).rejects.toThrow('Sign-in refused');
});

test('an expired token loses its rights unless it was renewed in time, which costs no event', async () => {
  const short = await startServer({
    workers: 2,
    args: [
      '--mode',
      'production',
      '--rules',
      join(folder, 'rules.json'),
      '--anonymous',
      '--access-token-lifetime',
      '10s',
    ],
  });
  try {
    const ask = async (path: string, json: unknown): Promise<SignedIn> =>
      (await askHttp<SignedIn>(short.httpPort, path, { json })).body;
    const first = await ask('/auth/anonymous', {});
    const second = await ask('/auth/anonymous', {});
    const expiring = await StompjsClient.connect(short.url, { token: first.accessToken });
    const renewing = await StompjsClient.connect(short.url, { token: second.accessToken });
    clients.push(expiring, renewing);
    const notices = await expiring.listen('/.info/user');
    const lost = await expiring.listen(`/users/${first.user.uid}`);
    const kept = await renewing.listen(`/users/${second.user.uid}`);
    await sleep(3_000); // the new token shall outlive the other one by far
    const renewed = await ask('/auth/refresh', { refreshToken: second.refreshToken });
    expect(await renewing.send('/.auth', renewed.accessToken)).toBeNull();
    expect(await renewing.send(`/users/${second.user.uid}/n`, 1)).toBeNull();
    await until(() => lost.refusal() !== null, 'the end of the listen');
    expect(lost.refusal()).toMatchObject({ code: 'permission-denied' });
    expect(notices.bodies.length).toBeGreaterThan(1);
    expect(notices.bodies.at(-1)).toBeNull();
    expect(kept.refusal()).toBeNull();
    expect(kept.bodies).toEqual([null, 1]);
  } finally {
    await short.stop();
  }
});
