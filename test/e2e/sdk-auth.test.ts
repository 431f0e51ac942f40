import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectOptions, connect } from '@backside/sdk';
import {
  type Auth,
  type AuthOptions,
  type AuthStorage,
  type AuthUser,
  createAuth,
  memoryStorage,
  SecondFactorError,
} from '@backside/sdk/auth';
import { keyValue } from '@backside/sdk/offline';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const PASSWORD = 'correct horse battery';
const SECRET = 'a secret of the application that signs tokens';
const PATIENCE = { timeout: 30_000 };
/** Short enough to see several of them pass. */
const TOKEN_SECONDS = 4;
const RULES = { rules: { users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } } } };

let folder: string;
let server: ServerHandle;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-sdk-auth-'));
  await writeFile(join(folder, 'rules.json'), JSON.stringify(RULES));
  server = await start();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(...more: string[]): Promise<ServerHandle> {
  const rules = ['--mode', 'production', '--rules', join(folder, 'rules.json')];
  const ways = ['--sign-up', '--anonymous', '--password-cost', '10', '--access-token-lifetime', `${TOKEN_SECONDS}s`];
  return startServer({
    dataDir: join(folder, 'data'),
    args: [...rules, ...ways, ...more],
    env: { BACKSIDE_CUSTOM_TOKEN_KEYS: JSON.stringify([{ algorithm: 'HS256', key: SECRET }]) },
  });
}

/** An application on a device: a database, and who is signed in to it. */
interface App {
  readonly db: ReturnType<typeof connect>;
  readonly auth: Auth;
  /** The uids that `onAuthChange` told. */
  readonly told: (string | null)[];
}

function open(options: Partial<AuthOptions> = {}, more: ConnectOptions = {}): App {
  const db = connect(server.url, { socket: nodeSocket, backoff: { firstMs: 50, lastMs: 500 }, ...more });
  const url = `http://127.0.0.1:${server.httpPort}`;
  const auth = createAuth(db, { url, storage: memoryStorage(), report: () => {}, ...options });
  const told: (string | null)[] = [];
  auth.onAuthChange((user) => told.push(user?.uid ?? null));
  closers.push(() => {
    auth.close();
    return db.close();
  });
  return { db, auth, told };
}

let names = 0;
async function newUser({ auth }: App): Promise<AuthUser & { readonly login: string }> {
  const login = `user${++names}`;
  return { ...(await auth.signUp({ username: login, password: PASSWORD })), login };
}

/** Whether the database takes the application for this user, and nobody else. */
async function actsAs({ db }: App, uid: string): Promise<void> {
  await db.set(`/users/${uid}/seen`, Date.now());
  await expect(db.set('/users/somebody-else', 1)).rejects.toMatchObject({ code: 'permission-denied' });
}

test('who signs up is signed in, to the database as well, again after a reload, and until signing out', async () => {
  const storage = memoryStorage();
  const first = open({ storage });
  const user = await newUser(first);
  await actsAs(first, user.uid);
  expect(await first.auth.me()).toMatchObject({ uid: user.uid, username: user.login, anonymous: false });
  const reloaded = open({ storage });
  await reloaded.auth.ready;
  expect(reloaded.auth.user?.uid).toBe(user.uid);
  await actsAs(reloaded, user.uid);
  await reloaded.auth.signOut();
  await expect(reloaded.db.set(`/users/${user.uid}/seen`, 1)).rejects.toMatchObject({ code: 'permission-denied' });
  expect([reloaded.auth.user, await reloaded.auth.token(), reloaded.told]).toEqual([null, null, [user.uid, null]]);
  const after = open({ storage });
  await after.auth.ready;
  expect(after.auth.user).toBeNull();
  // Its own connection was told by the server that the session has ended.
  await expect.poll(() => first.told, PATIENCE).toEqual([null, user.uid, null]);
});

/** What a device keeps: the session and, as text by key, the database's data. */
function newDevice(): { readonly session: AuthStorage; readonly data: Map<string, string>; open(): Promise<App> } {
  const [session, data] = [memoryStorage(), new Map<string, string>()];
  const persistence = keyValue({
    getItem: async (key) => data.get(key) ?? null,
    setItem: async (key, value) => void data.set(key, value),
    removeItem: async (key) => void data.delete(key),
    getAllKeys: async () => [...data.keys()],
  });
  return {
    session,
    data,
    async open() {
      const app = open({ storage: session }, { persistence });
      await app.auth.ready;
      return app;
    },
  };
}

/** Puts a value of the user on the device, as listened to, and goes offline. */
async function leaveSecret({ db }: App, uid: string): Promise<void> {
  const seen: unknown[] = [];
  db.on(`/users/${uid}/secret`, (value) => seen.push(value));
  await db.set(`/users/${uid}/secret`, 'mine');
  await expect.poll(() => seen.at(-1), PATIENCE).toBe('mine');
  await expect.poll(() => db.user?.uid, PATIENCE).toBe(uid);
}

test('signing out leaves nothing of the user on the device', async () => {
  const device = newDevice();
  const app = await device.open();
  const user = await newUser(app);
  await leaveSecret(app, user.uid);
  await expect.poll(() => [...device.data.values()].join(), PATIENCE).toContain('mine');
  app.db.goOffline();
  const unsent = expect(app.db.set(`/users/${user.uid}/secret`, 'unsent')).rejects.toMatchObject({
    code: 'unauthenticated',
  });
  await app.auth.signOut();
  await unsent;
  expect([...device.data.values()].join()).not.toMatch(/mine|unsent/);
  await app.db.close();
  expect([...device.data.values()].join()).not.toMatch(/mine|unsent/);
  expect([...device.data.values()].join()).not.toContain(user.uid);
});

test('after a reload without a session nothing of the last user is shown, and all of it once that user is back', async () => {
  const device = newDevice();
  const app = await device.open();
  const user = await newUser(app);
  await leaveSecret(app, user.uid);
  app.db.goOffline();
  app.db.set(`/users/${user.uid}/unsent`, 1).catch(() => undefined);
  await expect.poll(() => [...device.data.values()].join(), PATIENCE).toContain('unsent');
  app.auth.close();
  await app.db.close();
  for (const name of [`backside:http://127.0.0.1:${server.httpPort}/auth`]) await device.session.remove(name);
  const after = await device.open();
  expect(after.auth.user).toBeNull();
  after.db.goOffline();
  const shown: unknown[] = [];
  for (const key of ['secret', 'unsent']) after.db.on(`/users/${user.uid}/${key}`, (value) => shown.push(value));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(shown).toEqual([]);
  await after.auth.signIn(user.login, PASSWORD);
  after.db.goOnline();
  await expect.poll(() => after.db.get(`/users/${user.uid}/unsent`), PATIENCE).toBe(1);
});

test('a wrong password changes nothing about who is signed in', async () => {
  const app = open();
  const user = await newUser(app);
  await expect(app.auth.signIn(user.login, 'wrong')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(app.auth.user?.uid).toBe(user.uid);
  await actsAs(app, user.uid);
  const other = open();
  expect((await other.auth.signIn(user.login, PASSWORD)).uid).toBe(user.uid);
  await actsAs(other, user.uid);
});

test('an account with a second factor wants a code as well', async () => {
  const app = open();
  const user = await newUser(app);
  const recoveryCodes = await enrol((await app.auth.token())!);
  const refused = await open()
    .auth.signIn(user.login, PASSWORD)
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(SecondFactorError);
  const { complete } = refused as SecondFactorError;
  await expect(complete('000000')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect((await complete(recoveryCodes[0]!)).uid).toBe(user.uid);
});

async function enrol(token: string): Promise<string[]> {
  const ask = { json: { password: PASSWORD }, token };
  const { body: enrolled } = await askHttp<{ secret: string }>(server.httpPort, '/auth/totp/enrol', ask);
  const confirm = { json: { code: codeOf(enrolled.secret) }, token };
  const { body } = await askHttp<{ recoveryCodes: string[] }>(server.httpPort, '/auth/totp/confirm', confirm);
  return body.recoveryCodes;
}

/** The code that an authenticator shows now (RFC 6238). */
function codeOf(secret: string): string {
  const bits = Array.from(secret, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const key = Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map((byte) => Number.parseInt(byte, 2)),
  );
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', key).update(step).digest();
  const number = digest.readUInt32BE(digest.at(-1)! & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

test('an anonymous user is given a login, and stays who it was', async () => {
  const app = open();
  const { uid } = await app.auth.signInAnonymously();
  await actsAs(app, uid);
  const upgraded = await app.auth.upgrade({ username: `upgraded${++names}`, password: PASSWORD });
  expect(upgraded).toMatchObject({ uid, anonymous: false });
  await actsAs(app, uid);
  expect((await open().auth.signIn(upgraded.username!, PASSWORD)).uid).toBe(uid);
  await expect(open().auth.upgrade({ username: 'x', password: PASSWORD })).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});

test('a token of the application signs in', async () => {
  const now = Math.floor(Date.now() / 1000);
  const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ uid: 'from-elsewhere', iat: now, exp: now + 600 })}`;
  const app = open();
  const { uid } = await app.auth.signInWithCustomToken(
    `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`,
  );
  expect(uid).toBe('from-elsewhere');
  await actsAs(app, uid);
});

test('the session is renewed before its tokens expire, in one tab of several at a time, and no listen is lost', async () => {
  const storage = memoryStorage();
  const refreshes = vi.fn();
  const counting: typeof fetch = (input, init) => {
    if (String(input).includes('/auth/refresh')) refreshes();
    return fetch(input, init);
  };
  const first = open({ storage, fetch: counting });
  const user = await newUser(first);
  const tabs = [first, open({ storage, fetch: counting }), open({ storage, fetch: counting })];
  const path = `/users/${user.uid}/count`;
  const refused = vi.fn();
  const heard: unknown[][] = tabs.map(() => []);
  for (const [index, { db }] of tabs.entries()) db.on(path, (value) => heard[index]!.push(value), { refused });
  await new Promise((resolve) => setTimeout(resolve, 3 * TOKEN_SECONDS * 1_000));
  await first.db.set(path, 'still here');
  for (const values of heard) await expect.poll(() => values.at(-1), PATIENCE).toBe('still here');
  expect(refused).not.toHaveBeenCalled();
  expect(refreshes.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(refreshes.mock.calls.length).toBeLessThanOrEqual(6);
  expect(tabs.map(({ auth }) => auth.user?.uid)).toEqual(tabs.map(() => user.uid));
});

test('a refresh whose answer is lost is repeated, and does not sign out', async () => {
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!String(input).includes('/auth/refresh') || lost >= 2) return response;
    lost += 1;
    await response.arrayBuffer();
    throw new TypeError('the line broke');
  };
  const app = open({ fetch: losing });
  const user = await newUser(app);
  const before = await app.auth.token();
  await expect.poll(() => app.auth.token(), PATIENCE).not.toBe(before);
  expect(lost).toBe(2);
  await actsAs(app, user.uid);
});

test('a refresh that was under way when the process ended is repeated by the next one', async () => {
  const values = new Map<string, string>();
  const dying: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    return String(input).includes('/auth/refresh') ? new Promise(() => {}) : response;
  };
  const app = open({ storage: storageOf(values), fetch: dying });
  const user = await newUser(app);
  await expect.poll(() => String([...values]), PATIENCE).toContain('attempt');
  // By then the server has the request; this process will never see the answer.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { accessToken } = JSON.parse([...values.values()][0]!) as { accessToken: string };
  const next = open({ storage: storageOf(values) });
  await next.auth.ready;
  expect(next.auth.user?.uid).toBe(user.uid);
  await expect.poll(() => next.auth.token(), PATIENCE).not.toBe(accessToken);
  await actsAs(next, user.uid);
});

function storageOf(values: Map<string, string>): AuthStorage {
  return {
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void values.set(key, value),
    remove: async (key) => void values.delete(key),
  };
}

test('who is signed out elsewhere is nobody here, and hears of it', async () => {
  const [here, elsewhere] = [open(), open()];
  const user = await newUser(here);
  await elsewhere.auth.signIn(user.login, PASSWORD);
  const token = (await elsewhere.auth.token())!;
  expect((await askHttp(server.httpPort, '/auth/sessions', { method: 'DELETE', token })).status).toBeLessThan(300);
  await expect.poll(() => here.told, PATIENCE).toEqual([null, user.uid, null]);
  expect(here.auth.user).toBeNull();
  await expect(here.db.set(`/users/${user.uid}/x`, 1)).rejects.toMatchObject({ code: 'permission-denied' });
  await actsAs(elsewhere, user.uid);
});

test('a server that is away for longer than a token lives signs nobody out', async () => {
  const app = open();
  const user = await newUser(app);
  const ports = ['--port', String(server.httpPort), '--tcp-port', String(server.tcpPort)];
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, (TOKEN_SECONDS + 1) * 1_000));
  expect(app.auth.user?.uid).toBe(user.uid);
  server = await start(...ports);
  await actsAs(app, user.uid);
  expect(app.told).toEqual([null, user.uid]);
});
