import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Browser, type RunningProvider, startProvider } from '../../packages/rest/src/testing/oidc-fixture.js';
import { SoftwarePasskey } from '../../packages/rest/src/testing/software-passkey.js';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient } from '../harness/stompjs-client.js';
import { APPLICATION_KEYS, customToken } from './application-tokens.js';
import { Mailbox } from './mailbox.js';
import { PeopleDirectory } from './people-directory.js';
import { runBackside } from './run-backside.js';
import { StompitClient } from './stompit-client.js';
import { earlyInStep, totpCode } from './totp-code.js';

const RULES = `{"rules": {
  "users": { "$uid": { ".read": "auth.uid == $uid", ".write": "auth.uid == $uid" } },
  "by": { "$provider": { ".write": "auth.provider == $provider" } },
  "meters": { ".write": "auth.token.may == 'measure'" }
}}`;
const PASSWORD = 'correct horse battery';
const APP = 'https://app.example.com/signed-in';
/** Connections go to either worker; this many cover both. */
const EACH_WORKER = 4;

const DORA = { login: 'dora', secret: 'opens the door', name: 'Dora', team: 'doors' };

interface SignedIn {
  readonly user: { readonly uid: string; readonly email: string | null; readonly providers: readonly string[] };
  readonly accessToken: string;
  readonly refreshToken: string;
}

let folder: string;
let publicUrl: string;
let server: ServerHandle;
let provider: RunningProvider;
let mailbox: Mailbox;
let directory: PeopleDirectory;
let adminToken: string;
const clients: { close(): unknown }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-sign-in-'));
  const port = await freePort();
  publicUrl = `http://localhost:${port}`;
  provider = await startProvider(`${publicUrl}/auth/oidc/example/callback`);
  mailbox = await Mailbox.open();
  const data = join(folder, 'data');
  await writeFile(join(folder, 'rules.json'), RULES);
  directory = await PeopleDirectory.create(folder);
  await directory.setPeople({ d1: DORA });
  const created = await runBackside(['create-admin', 'root', '--data', data], { input: `${PASSWORD}\n` });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  const oidc = { name: 'example', issuer: provider.issuer.href, clientId: 'backside', allowInsecureHttp: true };
  server = await startServer({
    workers: 2,
    dataDir: data,
    args: [
      ...['--mode', 'production', '--rules', join(folder, 'rules.json'), '--sign-up', '--anonymous'],
      ...['--port', String(port), '--public-url', publicUrl, '--redirect-urls', APP, '--password-cost', '10'],
      ...['--auth-providers', directory.module, '--mail-from', 'Example <example@example.org>'],
    ],
    env: {
      BACKSIDE_CUSTOM_TOKEN_KEYS: APPLICATION_KEYS,
      BACKSIDE_OIDC_PROVIDERS: JSON.stringify([{ ...oidc, clientSecret: 'a secret of this test' }]),
      BACKSIDE_SMTP_URL: mailbox.url,
    },
  });
  adminToken = (await post<SignedIn>('/auth/login', { login: 'root', password: PASSWORD })).accessToken;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server?.stop();
  provider?.stop();
  await mailbox?.close();
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

async function post<Body>(path: string, json: unknown, token?: string): Promise<Body> {
  const { status, body } = await askHttp<Body>(server.httpPort, path, { json, ...(token && { token }) });
  expect({ path, status, body }).toMatchObject({ status: expect.toSatisfy((code: number) => code < 300) });
  return body;
}

async function refused(path: string, json: unknown, token?: string): Promise<string> {
  const answer = await askHttp<{ error: { code: string } }>(server.httpPort, path, { json, ...(token && { token }) });
  return answer.body.error.code;
}

/** Whoever connects so is `uid`, by the way of `provider`, on both workers, and nobody else. */
async function expectRights(
  headers: Record<string, string>,
  { uid, provider: way }: { uid: string; provider: string },
) {
  for (let n = 0; n < EACH_WORKER; n++) {
    const client = await StompjsClient.connect(server.url, headers);
    clients.push(client);
    expect(await client.send(`/users/${uid}/seen`, n)).toBeNull();
    expect(await client.send(`/by/${way}`, n)).toBeNull();
    expect(await client.send('/users/somebody-else/seen', n)).toMatchObject({ code: 'permission-denied' });
  }
}

async function signUp(name: string): Promise<SignedIn> {
  return post('/auth/signup', { username: name, email: `${name}@example.org`, password: PASSWORD });
}

test('a password signs in, over HTTP for a session and on a connection', async () => {
  const { uid } = (await signUp('ann')).user;
  const { accessToken } = await post<SignedIn>('/auth/login', { login: 'Ann@Example.org', password: PASSWORD });
  await expectRights({ token: accessToken }, { uid, provider: 'password' });
  await expectRights({ login: 'ann', passcode: PASSWORD }, { uid, provider: 'password' });
  expect(await refused('/auth/login', { login: 'ann', password: 'wrong' })).toBe('unauthenticated');
  await expect(StompjsClient.connect(server.url, { login: 'ann', passcode: 'wrong' })).rejects.toThrow('refused');
});

test('an access token signs in on either worker, also in place of the login, and renews a connection in-band', async () => {
  const { user, accessToken, refreshToken } = await signUp('bea');
  await expectRights({ token: accessToken }, { uid: user.uid, provider: 'password' });
  await expectRights({ login: accessToken, passcode: '' }, { uid: user.uid, provider: 'password' });
  const next = await post<SignedIn>('/auth/refresh', { refreshToken });
  await expectRights({ token: next.accessToken }, { uid: user.uid, provider: 'password' });
  const client = await StompjsClient.connect(server.url);
  clients.push(client);
  expect(await client.send(`/users/${user.uid}/seen`, 1)).toMatchObject({ code: 'permission-denied' });
  expect(await client.send('/.auth', next.accessToken)).toBeNull();
  expect(await client.send(`/users/${user.uid}/seen`, 1)).toBeNull();
  expect(await refused('/auth/refresh', { refreshToken })).toBe('unauthenticated');
  await expect(StompjsClient.connect(server.url, { token: next.accessToken })).rejects.toThrow('refused');
});

test('an anonymous account keeps its uid, data and session when it gets a name', async () => {
  const { user, accessToken, refreshToken } = await post<SignedIn>('/auth/anonymous', {});
  await expectRights({ token: accessToken }, { uid: user.uid, provider: 'anonymous' });
  const names = { username: 'carl', password: PASSWORD };
  const upgraded = await post<SignedIn>('/auth/upgrade', names, accessToken);
  expect(upgraded.user.uid).toBe(user.uid);
  expect(upgraded.refreshToken).not.toBe(refreshToken);
  await expectRights({ token: upgraded.accessToken }, { uid: user.uid, provider: 'password' });
  await expectRights({ login: 'carl', passcode: PASSWORD }, { uid: user.uid, provider: 'password' });
  const again = { ...names, username: 'carl2' };
  expect(await refused('/auth/upgrade', again, upgraded.accessToken)).toBe('precondition-failed');
  expect(await refused('/auth/refresh', { refreshToken })).toBe('unauthenticated');
});

test('a token of the application signs in, for a session and on a connection, and is never an admin', async () => {
  const token = customToken({ uid: 'app:7', claims: { may: 'measure', admin: true, name: 'Seven' } });
  const { user, accessToken } = await post<SignedIn>('/auth/custom', { token });
  expect(user.uid).toBe('app:7');
  for (const headers of [{ token }, { token: accessToken }]) {
    await expectRights(headers, { uid: 'app:7', provider: 'custom' });
    const client = await StompjsClient.connect(server.url, headers);
    clients.push(client);
    expect(await client.send('/meters', 1)).toBeNull();
    expect((await askHttp(server.httpPort, '/auth/users', headers)).status).toBe(403);
  }
  expect(await refused('/auth/custom', { token: customToken({ uid: 'app:7', exp: 1 }) })).toBe('unauthenticated');
});

test('a device signs in over TCP by key and secret, with the claims that an admin gave it, until it is revoked', async () => {
  const made = await post<{ device: { key: string }; secret: string }>(
    '/auth/devices',
    { label: 'meter 1', claims: { may: 'measure' } },
    adminToken,
  );
  const { key } = made.device;
  const connectDevice = () => StompitClient.connect(server.tcpPort, { login: key, passcode: made.secret });
  const device = await connectDevice();
  const other = await connectDevice();
  clients.push(device, other);
  await device.send('/meters', { level: 3 });
  await device.send(`/users/${key}/state`, 'on');
  expect(await device.read(`/users/${key}`)).toEqual({ state: 'on' });
  await expect(other.read('/meters')).rejects.toThrow('Permission denied');
  await expect(StompitClient.connect(server.tcpPort, { login: key, passcode: 'guess' })).rejects.toThrow('refused');
  const revoked = await askHttp(server.httpPort, `/auth/devices/${key}`, { method: 'DELETE', token: adminToken });
  expect(revoked.status).toBe(204);
  await expect.poll(() => device.send('/meters', 4).then(() => 'written', String)).toMatch(/Sign-in refused|revoked/);
  await expect(connectDevice()).rejects.toThrow('refused');
});

test('a directory of the application signs its people in, and ends their sessions when they have left', async () => {
  const { user, accessToken, refreshToken } = await post<SignedIn>('/auth/login', {
    login: DORA.login,
    password: DORA.secret,
  });
  await expectRights({ token: accessToken }, { uid: user.uid, provider: 'directory' });
  await expectRights({ login: DORA.login, passcode: DORA.secret }, { uid: user.uid, provider: 'directory' });
  expect(await refused('/auth/login', { login: DORA.login, password: 'a guess' })).toBe('unauthenticated');
  const next = await post<SignedIn>('/auth/refresh', { refreshToken });
  await directory.setPeople({});
  expect(await refused('/auth/refresh', { refreshToken: next.refreshToken })).toBe('unauthenticated');
  await directory.setPeople({ d1: DORA });
  expect(await refused('/auth/refresh', { refreshToken: next.refreshToken })).toBe('unauthenticated');
  const again = await post<SignedIn>('/auth/login', { login: DORA.login, password: DORA.secret });
  expect(again.user.uid).toBe(user.uid);
});

test('an OpenID Connect provider signs in by the code flow with PKCE, and leads back to the application', async () => {
  const begin = `${publicUrl}/auth/oidc/example?${new URLSearchParams({ returnTo: APP, state: 'of the app' })}`;
  const seen: URL[] = [];
  const back = await new Browser('bob').follow(begin, (url) => {
    seen.push(url);
    return url.href.startsWith(APP);
  });
  const asked = seen.find(({ searchParams }) => searchParams.has('code_challenge'))!.searchParams;
  expect(asked.get('code_challenge_method')).toBe('S256');
  const result = new URLSearchParams(back.hash.slice(1));
  expect(result.get('state')).toBe('of the app');
  const signedIn = await post<SignedIn>('/auth/refresh', { refreshToken: result.get('refresh_token') });
  expect(signedIn.user).toMatchObject({ email: 'bob@example.org', providers: ['example'] });
  await expectRights({ token: signedIn.accessToken }, { uid: signedIn.user.uid, provider: 'example' });
  expect(await refused('/auth/refresh', { refreshToken: result.get('refresh_token') })).toBe('unauthenticated');
});

test('an id token of the provider signs in, for a session and on a connection', async () => {
  const idToken = await provider.idToken('eve');
  const { user, accessToken } = await post<SignedIn>('/auth/oidc/example', { idToken });
  expect(user.email).toBeNull();
  await expectRights({ token: accessToken }, { uid: user.uid, provider: 'example' });
  await expectRights({ token: idToken }, { uid: user.uid, provider: 'example' });
  const [header, payload] = idToken.split('.');
  expect(await refused('/auth/oidc/example', { idToken: `${header}.${payload}.AAAA` })).toBe('unauthenticated');
});

test('who forgot the password gets a link to the public address by mail, and every session ends with the old one', async () => {
  const { user, accessToken } = await signUp('fay');
  await post('/auth/reset', { login: 'fay' });
  await post('/auth/reset', { login: 'nobody-at-all@example.org' });
  const link = await mailbox.link('fay@example.org', 'Reset');
  expect(link.href.startsWith(`${publicUrl}/auth/reset#token=`)).toBe(true);
  expect(await (await fetch(link)).text()).toContain('<form');
  const token = new URLSearchParams(link.hash.slice(1)).get('token');
  expect(await refused('/auth/reset', { token, password: 'short' })).toBe('weak-password');
  await post('/auth/reset', { token, password: 'another good one' });
  expect(await refused('/auth/reset', { token, password: 'a third good one' })).toBe('expired');
  expect(await refused('/auth/login', { login: 'fay', password: PASSWORD })).toBe('unauthenticated');
  await expect(StompjsClient.connect(server.url, { token: accessToken })).rejects.toThrow('refused');
  await expectRights({ login: 'fay', passcode: 'another good one' }, { uid: user.uid, provider: 'password' });
  expect(mailbox.count('nobody-at-all@example.org')).toBe(0);
});

test('the link in the first mail proves the address', async () => {
  const { accessToken } = await signUp('gus');
  const link = await mailbox.link('gus@example.org', 'Confirm');
  expect(link.href.startsWith(`${publicUrl}/auth/verify#token=`)).toBe(true);
  await post('/auth/verify', { token: new URLSearchParams(link.hash.slice(1)).get('token') });
  const me = await askHttp(server.httpPort, '/auth/me', { token: accessToken });
  expect(me.body).toMatchObject({ email: 'gus@example.org', emailVerified: true });
});

test('with a second factor the password alone opens nothing', async () => {
  const { user, accessToken } = await signUp('hal');
  await earlyInStep();
  const { secret } = await post<{ secret: string }>('/auth/totp/enrol', { password: PASSWORD }, accessToken);
  const enabled = { code: totpCode(secret, -1) };
  const { recoveryCodes } = await post<{ recoveryCodes: string[] }>('/auth/totp/confirm', enabled, accessToken);
  const login = { login: 'hal', password: PASSWORD };
  const first = await askHttp<{ challenge: string }>(server.httpPort, '/auth/login', { json: login });
  expect(first).toMatchObject({ status: 401, body: { error: { code: 'second-factor-required' } } });
  const { challenge } = first.body;
  expect(await refused('/auth/login/totp', { challenge, ...enabled })).toBe('unauthenticated');
  const done = await post<SignedIn>('/auth/login/totp', { challenge, code: totpCode(secret, 0) });
  await expectRights({ token: done.accessToken }, { uid: user.uid, provider: 'password' });
  await expect(StompjsClient.connect(server.url, { login: 'hal', passcode: PASSWORD })).rejects.toThrow('factor');
  const second = await askHttp<{ challenge: string }>(server.httpPort, '/auth/login', { json: login });
  const recovered = { challenge: second.body.challenge, code: recoveryCodes[0] };
  expect((await post<SignedIn>('/auth/login/totp', recovered)).user.uid).toBe(user.uid);
});

test('a passkey signs in without a password', async () => {
  const { user, accessToken } = await signUp('ida');
  const passkey = new SoftwarePasskey(publicUrl);
  const begun = await post<Ceremony>('/auth/passkeys/options', { password: PASSWORD }, accessToken);
  const made = { ceremony: begun.ceremony, response: passkey.create(begun.options.challenge) };
  await post('/auth/passkeys', made, accessToken);
  const asked = await post<Ceremony>('/auth/login/passkey/options', {});
  const proof = { ceremony: asked.ceremony, response: passkey.get(asked.options.challenge) };
  const done = await post<SignedIn>('/auth/login/passkey', proof);
  await expectRights({ token: done.accessToken }, { uid: user.uid, provider: 'passkey' });
  expect(await refused('/auth/login/passkey', proof)).toBe('expired');
});

interface Ceremony {
  readonly ceremony: string;
  readonly options: { readonly challenge: string };
}
