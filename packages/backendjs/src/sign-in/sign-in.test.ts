import { sealToken, signRequest } from '@backside/auth';
import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';

const SECRETS = { 'api-session-secret': 'session secret', 'api-access-token-secret': 'token secret' };
const PASSWORD = 'correct horse battery';
const TOKEN = 'bk-access-token';

let server: LegacyFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacy({ settings: SECRETS });
  ann = await server.account('ann');
});

afterAll(() => server.close());

/** The cookies of an answer as a browser sends them back. */
function cookiesOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return ([headers['set-cookie']].flat() as string[]).map((cookie) => cookie.split(';')[0]).join('; ');
}

async function status(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return (await server.client.get(path, {}, { headers })).status;
}

describe('/auth', () => {
  test('answers who signed, without any secret', async () => {
    const { status: answered, json, text } = await server.client.get('/auth', {}, { as: ann });
    expect(answered).toBe(200);
    expect(json).toMatchObject({ id: ann.id, login: ann.login, name: 'ann' });
    for (const secret of [ann.secret, ann.tokenSecret!]) expect(text).not.toContain(secret);
    expect(Object.keys(json)).not.toContain('type');
  });

  test('shows admins the columns for admins', async () => {
    const root = await server.account('root', { types: ['admin', 'staff'] });
    expect((await server.client.get('/auth', {}, { as: root })).json.type).toBe('admin,staff');
  });

  test('is 417 for who signs nothing, 401 for a wrong secret, 404 for an unknown login', async () => {
    expect((await server.client.get('/auth')).json).toMatchObject({
      status: 417,
      message: 'No login provided',
      code: 'NOLOGIN',
    });
    expect((await server.client.get('/auth', {}, { as: { ...ann, secret: 'x' } })).json).toMatchObject({
      status: 401,
      message: 'Not authenticated',
    });
    expect((await server.client.get('/auth', {}, { as: { ...ann, login: 'who' } })).json).toMatchObject({
      status: 404,
    });
  });

  test('is 406 for an old signature, and shows both clocks', async () => {
    const { json } = await server.client.get('/auth', {}, { as: ann, expires: 1_000 });
    expect(json).toMatchObject({ status: 406, code: 'EXPIRED' });
    expect(json.message).toContain('your clock is 01/01/1970 00:00:01 GMT');
  });

  test('takes a form, signed by its body', async () => {
    expect((await server.client.post('/auth', { b: '2', a: 'x y' }, { as: ann })).status).toBe(200);
    expect((await server.client.postJson('/auth', { a: 1 }, { as: ann })).status).toBe(200);
  });
});

describe('a session', () => {
  test('is a cookie that signs for everything until it is ended', async () => {
    const { headers } = await server.client.get('/auth', { _session: 1 }, { as: ann });
    expect(String(headers['set-cookie'])).toMatch(/httponly; samesite=strict/);
    const cookie = cookiesOf(headers);
    expect((await server.client.get('/auth', {}, { headers: { cookie } })).json.id).toBe(ann.id);
    expect((await server.client.post('/ping', { any: 'thing' }, { headers: { cookie } })).status).toBe(200);
    const out = await server.client.get('/logout', {}, { headers: { cookie } });
    expect(out.json).toEqual({});
    expect(cookiesOf(out.headers)).toContain('bk-signature=e30=');
    expect(await status('/auth', { cookie: cookiesOf(out.headers) })).toBe(417);
  });

  test('without its proof, or with that of another, is none', async () => {
    const bob = await server.account('bob');
    const cookie = cookiesOf((await server.client.get('/auth', { _session: 1 }, { as: ann })).headers);
    const other = cookiesOf((await server.client.get('/auth', { _session: 1 }, { as: bob })).headers);
    const [session] = cookie.split('; ');
    const [, proof] = other.split('; ');
    expect(await status('/auth', { cookie: session! })).toBe(417);
    expect(await status('/auth', { cookie: `${session}; ${proof}` })).toBe(417);
  });

  test('that no longer holds is taken out of the browser', async () => {
    const carl = await server.account('carl');
    const cookie = cookiesOf((await server.client.get('/auth', { _session: 1 }, { as: carl })).headers);
    await server.context.credentials.change(carl.id, { secret: 'another long secret' });
    const { status: answered, headers } = await server.client.get('/auth', {}, { headers: { cookie } });
    expect(answered).toBe(401);
    expect(cookiesOf(headers)).toContain('bk-signature=e30=');
  });

  test('does not count where that is said, nor where there are none', async () => {
    const cookie = cookiesOf((await server.client.get('/auth', { _session: 1 }, { as: ann })).headers);
    server.backendjs.reconfigure(parseBackendjsSettings({ ...SECRETS, 'api-disable-session': '^/ping' }));
    expect([await status('/ping', { cookie }), await status('/auth', { cookie })]).toEqual([417, 200]);
    server.backendjs.reconfigure(parseBackendjsSettings({ ...SECRETS, 'api-no-session': true }));
    expect(await status('/auth', { cookie })).toBe(417);
    server.backendjs.reconfigure(parseBackendjsSettings(SECRETS));
  });
});

describe('an access token', () => {
  async function tokenOf(account: TestAccount): Promise<string> {
    const { json } = await server.client.get('/auth', { _accesstoken: 1 }, { as: account });
    expect(json[`${TOKEN}-age`]).toBe(604_800_000);
    return json[TOKEN] as string;
  }

  test('signs in the query or a header', async () => {
    const token = await tokenOf(ann);
    expect((await server.client.get('/auth', { [TOKEN]: token })).json.id).toBe(ann.id);
    expect(await status('/auth', { [TOKEN]: token })).toBe(200);
    expect(await status('/auth', { [TOKEN]: `${token.slice(0, -4)}AAAA` })).toBe(417);
  });

  test('is void once its account has another token secret', async () => {
    const dora = await server.account('dora');
    const token = await tokenOf(dora);
    await server.context.credentials.change(dora.id, { tokenSecret: 'another' });
    expect(await status('/auth', { [TOKEN]: token })).toBe(401);
    expect((await server.client.get('/auth', {}, { as: dora })).status).toBe(200);
  });

  test('ends when its time is over', async () => {
    const wish = { version: 3, login: ann.login, expires: server.clock.now() - 1 } as const;
    const text = signRequest(wish, { ...ann, tokenSecret: ann.tokenSecret!, authSecret: '' }, { host: '127.0.0.1' });
    expect(await status('/auth', { [TOKEN]: sealToken(text, SECRETS['api-access-token-secret']) })).toBe(406);
  });

  test('is not made without a secret to seal it with', async () => {
    server.backendjs.reconfigure(parseBackendjsSettings({}));
    const { json, headers } = await server.client.get('/auth', { _accesstoken: 1, _session: 1 }, { as: ann });
    expect(json[TOKEN]).toBeUndefined();
    expect(headers['set-cookie']).toBeUndefined();
    server.backendjs.reconfigure(parseBackendjsSettings(SECRETS));
  });
});

describe('/login', () => {
  const login = (params: Readonly<Record<string, string | number>>) => server.client.post('/login', params);

  test('takes the secret, or the password, under either name', async () => {
    const eve = await server.context.credentials.add({ login: 'eve@example.com', name: 'Eve', password: PASSWORD });
    for (const proof of [{ password: PASSWORD }, { secret: PASSWORD }, { secret: eve.secret }]) {
      const { status: answered, json } = await login({ login: eve.login, ...proof });
      expect([answered, json.id]).toEqual([200, eve.id]);
      expect(json.secret).toBeUndefined();
    }
  });

  test('gives a session and a token if asked', async () => {
    const { json, headers } = await login({ login: ann.login, secret: ann.secret, _session: 1, _accesstoken: 1 });
    expect(await status('/auth', { cookie: cookiesOf(headers) })).toBe(200);
    expect(await status('/auth', { [TOKEN]: json[TOKEN] as string })).toBe(200);
  });

  test('is 417 without fields, 404 for an unknown login, 401 for a wrong secret', async () => {
    expect((await login({ login: ann.login })).status).toBe(417);
    expect((await login({ login: 'nobody@example.com', secret: 'x' })).status).toBe(404);
    expect((await login({ login: ann.login, secret: 'wrong' })).status).toBe(401);
  });

  test('lets in who signed up elsewhere, and gives it what an account has here', async () => {
    const names = { email: 'out@example.com', password: PASSWORD };
    const { user } = await server.auth.signIn.signUp(names, { address: '127.0.0.1' });
    const { json } = await login({ login: 'out@example.com', password: PASSWORD, _accesstoken: 1 });
    expect(json).toMatchObject({ id: user.uid, login: 'out@example.com' });
    expect(await status('/auth', { [TOKEN]: json[TOKEN] as string })).toBe(200);
    expect((await login({ login: 'out@example.com', password: 'wrong wrong' })).status).toBe(401);
  });

  test('lets admins of elsewhere in as admins', async () => {
    await server.auth.users.create(ADMIN, { username: 'chief', password: PASSWORD, admin: true });
    const { json } = await login({ login: 'chief', password: PASSWORD, _accesstoken: 1 });
    expect(await status('/system/params/get', { [TOKEN]: json[TOKEN] as string })).toBe(200);
  });

  test('is refused to who guesses too often', async () => {
    const target = await server.account('target', { secret: 'x' });
    const guesses = [];
    for (let n = 0; n < 30; n++) guesses.push((await login({ login: target.login, secret: `${n}` })).status);
    expect(guesses).toContain(429);
    expect((await login({ login: target.login, secret: 'x' })).status).toBe(429);
  });
});

describe('an account that was disabled elsewhere', () => {
  test('is refused here within a second, whatever it has, and let in again', async () => {
    const frank = await server.account('frank');
    const { json } = await server.client.get('/auth', { _accesstoken: 1 }, { as: frank });
    const headers = { [TOKEN]: json[TOKEN] as string };
    await server.auth.users.update(ADMIN, frank.id, { disabled: true });
    server.clock.advance(1_001);
    expect((await server.client.get('/auth', {}, { as: frank })).json).toMatchObject({ status: 403, code: 'NOACCESS' });
    expect(await status('/auth', headers)).toBe(403);
    const { status: signingIn } = await server.client.post('/login', { login: frank.login, secret: frank.secret });
    expect(signingIn).not.toBe(200);
    await server.auth.users.update(ADMIN, frank.id, { disabled: false });
    server.clock.advance(1_001);
    expect((await server.client.get('/auth', {}, { as: frank })).status).toBe(200);
  });
});

describe('guessing a secret by signatures', () => {
  test('is refused after a few wrong ones, the right one too, until the wait is over', async () => {
    const mark = await server.account('mark');
    const ping = async (secret: string): Promise<number> =>
      (await server.client.get('/ping', {}, { as: { ...mark, secret } })).status;
    const guesses = [];
    for (let n = 0; n < 6; n++) guesses.push(await ping(`guess ${n}`));
    expect(guesses).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await ping(mark.secret)).toBe(429);
    expect((await server.client.post('/login', { login: mark.login, secret: mark.secret })).status).toBe(429);
    expect((await server.client.get('/ping', {}, { as: ann })).status).toBe(200);
    server.clock.advance(1_001);
    expect(await ping(mark.secret)).toBe(200);
  });

  test('counts nothing against who signs right, however much of it at once', async () => {
    const nora = await server.account('nora');
    const all = Array.from({ length: 40 }, () => server.client.get('/ping', {}, { as: nora }));
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('what a signature is not over', () => {
  test('says nothing: neither what stands behind a second question mark', async () => {
    for (const url of ['/auth', '/auth?x=1']) {
      const headers = { 'bk-signature': server.client.sign('GET', url, ann) };
      const { json } = await server.client.get(
        `${url}${url.includes('?') ? '' : '?'}?&_accesstoken=1`,
        {},
        { headers },
      );
      expect(json).toMatchObject({ id: ann.id });
      expect(json).not.toHaveProperty(TOKEN);
    }
  });

  test('nor the query of a form, however empty the form is', async () => {
    const contentType = 'application/x-www-form-urlencoded';
    const headers = {
      'bk-signature': server.client.sign('POST', '/auth', ann, { contentType, form: '' }),
      'content-type': contentType,
    };
    for (const length of [{}, { 'content-length': '0' }]) {
      const { json } = await server.client.send('POST', '/auth?_accesstoken=1', { headers: { ...headers, ...length } });
      expect(json).toMatchObject({ id: ann.id });
      expect(json).not.toHaveProperty(TOKEN);
    }
  });
});

describe('a signed write', () => {
  test('is done once, though a read may be repeated', async () => {
    const [write, read] = ['/account/put/status?status=here', '/auth'] as const;
    const [writing, reading] = [write, read].map((url) => ({ 'bk-signature': server.client.sign('GET', url, ann) }));
    expect(await status(write, writing!)).toBe(200);
    const again = await server.client.get(write, {}, { headers: writing! });
    expect(again.json).toMatchObject({ status: 401, code: 'REPLAY' });
    expect([await status(read, reading!), await status(read, reading!)]).toEqual([200, 200]);
  });

  test('is also what archives or deletes the messages that it reads', async () => {
    for (const [url, replayed] of [
      ['/message/get?_archive=1', 401],
      ['/message/get?_trash=1', 401],
      ['/message/get', 200],
    ] as const) {
      const headers = { 'bk-signature': server.client.sign('GET', url, ann) };
      expect([url, await status(url, headers), await status(url, headers)]).toEqual([url, 200, replayed]);
    }
  });

  test('is known as done to other servers of the same cache', async () => {
    const { cache, auth, database, tree } = server;
    const other = await startLegacy({
      extend: () => ({ cache, auth, database, credentials: tree, secretKey: server.secretKey }),
    });
    const url = '/account/put/status?status=twice';
    const host = `127.0.0.1:${server.port}`;
    const headers = { host, 'bk-signature': server.client.sign('GET', url, ann) };
    expect((await server.client.get(url, {}, { headers })).status).toBe(200);
    expect((await other.client.get(url, {}, { headers })).json).toMatchObject({ status: 401, code: 'REPLAY' });
    await other.stop();
  });

  test('may be repeated where the setting says so', async () => {
    server.backendjs.reconfigure(parseBackendjsSettings({ 'api-signature-once': 'none' }));
    const url = '/account/put/status?status=there';
    const headers = { 'bk-signature': server.client.sign('GET', url, ann) };
    const first = await status(url, headers);
    expect(await status(url, headers)).toBe(first);
    server.backendjs.reconfigure(parseBackendjsSettings(SECRETS));
  });
});

describe('an access token of Backside itself', () => {
  async function signUp(username: string): Promise<{ uid: string; headers: { authorization: string } }> {
    const { user, accessToken } = await server.auth.signIn.signUp(
      { username, password: PASSWORD },
      { address: '127.0.0.1' },
    );
    return { uid: user.uid, headers: { authorization: `Bearer ${accessToken}` } };
  }

  test('is as good as a signature, until it is revoked', async () => {
    const { uid, headers } = await signUp('gina');
    expect((await server.client.get('/auth', {}, { headers })).json).toMatchObject({ id: uid, login: 'gina' });
    await server.auth.users.revokeSessions(ADMIN, uid);
    expect(await status('/auth', headers)).toBe(401);
  });

  test('is bound by what holds for its account', async () => {
    const { uid, headers } = await signUp('hugo');
    expect(await status('/ping', headers)).toBe(200);
    await server.context.credentials.change(uid, { aclDeny: '^/ping' });
    expect(await status('/ping', headers)).toBe(403);
    expect(await status('/system/params/get', headers)).toBe(401);
  });

  test('gives no other proof, which would outlive it', async () => {
    const { headers } = await signUp('jane');
    for (const path of ['/auth', '/account/get']) {
      const reply = await server.client.get(path, { _accesstoken: 1, _session: 1 }, { headers });
      expect(reply.status).toBe(200);
      expect(reply.json).not.toHaveProperty(TOKEN);
      expect(reply.headers).not.toHaveProperty('set-cookie');
    }
  });

  test('takes no account from its owner: a new secret, and deleting it, want the password too', async () => {
    const { uid, headers } = await signUp('karl');
    expect(await status('/auth', headers)).toBe(200);
    const secret = 'of somebody else 9';
    const asks = [
      ['/account/put/secret', { secret }],
      ['/account/update', { secret, name: 'Karl' }],
      ['/account/del', {}],
    ] as const;
    for (const [path, params] of asks) {
      const ask = async (more: object): Promise<number> =>
        (await server.client.get(path, { ...params, ...more }, { headers })).status;
      const before = (await server.context.credentials.byId(uid))?.secret;
      expect(await ask({})).toBe(403);
      expect(await ask({ password: 'a guess of it' })).toBe(401);
      expect((await server.context.credentials.byId(uid))?.secret).toBe(before);
      expect(await ask({ password: PASSWORD })).toBe(200);
    }
    expect(await server.context.credentials.byId(uid)).toBeNull();
  });

  test('that is none is 401', async () => {
    expect(await status('/auth', { authorization: 'Bearer nonsense' })).toBe(401);
  });
});
