import { createOidcProvider, type SignedIn, type User } from '@backside/auth';
import { ADMIN } from '@backside/protocol';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Browser, startProvider } from '../testing/oidc-fixture.js';
import { ask, PASSWORD, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const APP = 'https://app.example.com/signed-in';

let server: TestServer;

beforeEach(async () => {
  server = await startServer({
    rest: { allowedRedirects: [APP] },
    auth: async ({ url, clock }) => {
      const { issuer, stop } = await startProvider(`${url}/auth/oidc/test/callback`);
      onTestFinished(stop);
      const client = { clientId: 'backside', clientSecret: 'a secret of this test', allowInsecureHttp: true };
      return { oidcProviders: [createOidcProvider({ name: 'test', issuer, ...client }, { now: clock.now })] };
    },
  });
});

/** The browser is on its way back to this server. */
function isCallback(url: URL): boolean {
  return url.pathname === '/auth/oidc/test/callback';
}

function isApp(url: URL): boolean {
  return url.host === 'app.example.com';
}

function start(query: Record<string, string> = {}): string {
  return `${server.url}/auth/oidc/test?${new URLSearchParams(query)}`;
}

async function users(): Promise<readonly User[]> {
  return (await server.main.auth.users.list(ADMIN)).users;
}

describe('the code flow', () => {
  test('ends with a session', async () => {
    const browser = new Browser('bob');
    const response = await browser.get(await browser.follow(start(), isCallback));
    expect(response.status).toBe(200);
    const signedIn = (await response.json()) as SignedIn;
    expect(signedIn.user).toMatchObject({ email: 'bob@example.org', emailVerified: true, providers: ['test'] });
    const me = await ask<User>(server, 'GET /auth/me', { token: signedIn.accessToken });
    expect(me.json.uid).toBe(signedIn.user.uid);
  });

  test('leads back to the application, with its state and a refresh token in the fragment alone', async () => {
    const back = await new Browser('bob').follow(start({ returnTo: `${APP}?tab=2`, state: 'of the app' }), isApp);
    expect(`${back.origin}${back.pathname}${back.search}`).toBe(`${APP}?tab=2`);
    const fragment = new URLSearchParams(back.hash.slice(1));
    expect(fragment.get('state')).toBe('of the app');
    const refreshToken = fragment.get('refresh_token');
    const answer = await ask<SignedIn>(server, 'POST /auth/refresh', { body: { refreshToken } });
    expect(answer).toMatchObject({ status: 200, json: { user: { email: 'bob@example.org' } } });
  });

  test('knows the same person again', async () => {
    await new Browser('bob').follow(start({ returnTo: APP }), isApp);
    await new Browser('bob').follow(start({ returnTo: APP }), isApp);
    expect(await users()).toHaveLength(1);
  });

  test('binds the sign-in to the browser by a cookie that scripts and other sites cannot use', async () => {
    const browser = new Browser('bob');
    await browser.follow(start({ returnTo: APP }), isApp);
    const ours = browser.cookieLines.filter((line) => line.startsWith('backside-oidc='));
    expect(ours).toHaveLength(2);
    expect(ours[0]).toMatch(/^backside-oidc=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(ours[1]).toMatch(/^backside-oidc=; Max-Age=0;/);
  });

  test('does not end in another browser than it began in, not even in one with a flow of its own', async () => {
    const attacker = new Browser('eve');
    const back = await attacker.follow(start(), isCallback);
    const victim = new Browser('bob');
    expect((await victim.get(back)).status).toBe(401);
    await victim.follow(start(), isCallback);
    expect((await victim.get(back)).status).toBe(401);
    expect(await users()).toEqual([]);
  });

  test('ends once', async () => {
    const browser = new Browser('bob');
    const back = await browser.follow(start(), isCallback);
    const cookie = browser.cookieLines.findLast((line) => line.startsWith('backside-oidc='))!;
    expect((await browser.get(back)).status).toBe(200);
    browser.setCookie(server.url, 'backside-oidc', cookie.slice('backside-oidc='.length).split(';')[0]!);
    expect((await browser.get(back)).status).toBe(401);
  });

  test.each(['state', 'code', 'iss'])('is refused with another %s', async (name) => {
    const browser = new Browser('bob');
    const back = await browser.follow(start(), isCallback);
    back.searchParams.set(name, 'https://evil.example');
    expect((await browser.get(back)).status).toBe(401);
    expect(await users()).toEqual([]);
  });

  test('is refused without state or code, and with two of either', async () => {
    const browser = new Browser('bob');
    const back = await browser.follow(start(), isCallback);
    back.searchParams.append('state', 'a second one');
    expect((await browser.get(back)).status).toBe(400);
    expect((await browser.get(`${server.url}/auth/oidc/test/callback?error=access_denied`)).status).toBe(401);
  });

  test.each([
    ['access_denied', 'unauthenticated'],
    ['server_error', 'unavailable'],
    ['https://evil.example', 'unauthenticated'],
  ])('that the provider ends with %s leads back to the application, which is told so', async (reason, code) => {
    const browser = new Browser('bob');
    const back = await browser.follow(start({ returnTo: APP, state: 'of the app' }), isCallback);
    back.searchParams.delete('code');
    back.searchParams.set('error', reason);
    back.searchParams.set('error_description', 'https://evil.example');
    const { status, headers } = await browser.get(back);
    expect([status, headers.get('location')]).toEqual([303, `${APP}#state=of+the+app&error=${code}`]);
    expect((await browser.get(back)).status).toBe(401);
  });

  test('that fails leads back to the application, which is told so', async () => {
    const browser = new Browser('bob');
    const back = await browser.follow(start({ returnTo: APP }), isCallback);
    back.searchParams.set('code', 'of another');
    expect((await browser.get(back)).headers.get('location')).toBe(`${APP}#error=unauthenticated`);
    expect(await users()).toEqual([]);
  });

  test('leads nobody anywhere by an error that is not the answer to this browser', async () => {
    const { searchParams } = await new Browser('eve').follow(start({ returnTo: APP }), isCallback);
    const forged = new URLSearchParams({ error: 'access_denied', state: searchParams.get('state')! });
    const { status, headers } = await new Browser('bob').get(`${server.url}/auth/oidc/test/callback?${forged}`);
    expect([status, headers.get('location')]).toEqual([401, null]);
  });

  test('is refused when it took too long', async () => {
    const browser = new Browser('bob');
    const back = await browser.follow(start(), isCallback);
    server.clock.advance(24 * 3_600_000);
    expect((await browser.get(back)).status).toBe(401);
  });

  test('with an unknown provider is not found', async () => {
    expect(await ask(server, 'GET /auth/oidc/unknown')).toMatchObject({ status: 404 });
    expect(await ask(server, 'GET /auth/oidc/__proto__')).toMatchObject({ status: 404 });
  });
});

describe('an open redirect', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://evil.example/signed-in',
    'https://app.example.com.evil.example/signed-in',
    'https://app.example.com@evil.example/signed-in',
    'https://app.example.com/signed-in/../steal',
    'javascript:alert(1)',
  ])('to %s is refused before anything begins', async (returnTo) => {
    const answer = await ask(server, `GET /auth/oidc/test?${new URLSearchParams({ returnTo })}`);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'invalid-data' } } });
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test('cannot be smuggled in through the application’s state', async () => {
    const state = '&refresh_token=forged#x';
    const back = await new Browser('bob').follow(start({ returnTo: APP, state }), isApp);
    const fragment = new URLSearchParams(back.hash.slice(1));
    expect(fragment.get('state')).toBe(state);
    expect(fragment.getAll('refresh_token')).not.toContain('forged');
  });

  test('does not come about by the Host header: the provider is told the public address', async () => {
    const { headers } = await ask(server, 'GET /auth/oidc/test', {
      headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    const redirectUri = new URL(headers.get('location')!).searchParams.get('redirect_uri');
    expect(redirectUri).toBe(`${server.url}/auth/oidc/test/callback`);
  });
});

describe('linking', () => {
  test('adds the identity to the account that asked, from the browser that asked', async () => {
    const ann = await signUp(server);
    await server.main.auth.users.update(ADMIN, ann.user.uid, { emailVerified: true });
    const answer = await ask<{ url: string }>(server, 'POST /auth/oidc/test/link', {
      token: ann.accessToken,
      body: { password: PASSWORD },
    });
    expect(answer.status).toBe(200);
    const [pair = ''] = answer.headers.getSetCookie()[0]!.split(';');
    const browser = new Browser('bob');
    browser.setCookie(server.url, 'backside-oidc', pair.slice(pair.indexOf('=') + 1));
    const response = await browser.get(await browser.follow(answer.json.url, isCallback));
    expect(await response.json()).toEqual({ linked: true });
    const me = await ask<User>(server, 'GET /auth/me', { token: ann.accessToken });
    expect(me.json.providers).toContain('test');
    const unlink = { token: ann.accessToken, body: { password: PASSWORD } };
    expect(await ask(server, 'DELETE /auth/oidc/test', unlink)).toMatchObject({ status: 204 });
  });

  test('does not happen by a mere equal address that was never verified here', async () => {
    const ann = await signUp(server, 'bob@example.org');
    const browser = new Browser('bob');
    await browser.get(await browser.follow(start(), isCallback));
    const me = await ask<User>(server, 'GET /auth/me', { token: ann.accessToken });
    expect(me.json.providers).not.toContain('test');
  });

  test('is for accounts', async () => {
    expect(await ask(server, 'POST /auth/oidc/test/link', { body: {} })).toMatchObject({ status: 401 });
  });
});

test('an id token of a foreign issuer is refused', async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const idToken = `${part({ alg: 'none' })}.${part({ iss: 'https://evil.example', sub: 'bob', aud: 'backside' })}.`;
  expect(await ask(server, 'POST /auth/oidc/test', { body: { idToken } })).toMatchObject({
    status: 401,
    json: { error: { code: 'unauthenticated' } },
  });
});
