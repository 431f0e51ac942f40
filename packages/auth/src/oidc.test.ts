import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOidcProvider, type OidcConfig, type OidcProvider, pkceChallenge } from './oidc.js';

const REDIRECT = 'http://127.0.0.1:5000/auth/oidc/test/callback?ns=chat';
const USERS = new Map([
  ['bob', { email: 'bob@example.org', email_verified: true, name: 'Bob' }],
  ['eve', { email: 'bob@example.org', email_verified: false, name: 'x'.repeat(300) }],
]);

let server: Server;
let issuer: URL;

/** The reference provider; its page for signing in lets everybody in as the user named in the query. */
beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const provider = new Provider(issuer.origin, {
    clients: [
      { client_id: 'backside', client_secret: 's3cret/+ with space', redirect_uris: [REDIRECT] },
      { client_id: 'public', token_endpoint_auth_method: 'none', redirect_uris: [REDIRECT] },
      { client_id: 'other', client_secret: 'another', redirect_uris: [REDIRECT] },
    ],
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
    cookies: { keys: ['only for this test'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...USERS.get(id) }) }),
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
  });
  const standard = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return standard(request, response);
    const user = new URL(request.url, issuer).searchParams.get('user') ?? '';
    signInAs(provider, user, [request, response]).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

type Exchange = [request: IncomingMessage, response: ServerResponse];

async function signInAs(provider: Provider, user: string, [request, response]: Exchange): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const result = { login: { accountId: user } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: session!.accountId!, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

/** A browser: follows redirects with cookies, signs in as `user` where asked, and stops where it is sent back to us. */
async function browse(start: URL, user: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hops = 0; hops < 12; hops++) {
    if (url.href.startsWith(REDIRECT)) return url;
    if (url.pathname.startsWith('/interaction/')) url.searchParams.set('user', user);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`stuck at ${url.pathname}: ${await response.text()}`);
    url = new URL(location, url);
  }
  throw new Error('too many redirects');
}

interface Flow {
  readonly back: URL;
  readonly exchange: Parameters<OidcProvider['exchange']>[0];
}

async function codeFor(provider: OidcProvider, user: string): Promise<Flow> {
  const secret = (): string => randomBytes(32).toString('base64url');
  const [state, nonce, codeVerifier] = [secret(), secret(), secret()];
  const codeChallenge = pkceChallenge(codeVerifier);
  const url = await provider.authorizationUrl({ redirectUri: REDIRECT, state, nonce, codeChallenge });
  const back = await browse(url, user);
  expect(back.searchParams.get('state')).toBe(state);
  const iss = back.searchParams.get('iss');
  const exchange = { code: back.searchParams.get('code') ?? '', codeVerifier, redirectUri: REDIRECT, nonce };
  return { back, exchange: iss === null ? exchange : { ...exchange, iss } };
}

function providerFor(fields: Partial<OidcConfig> = {}): OidcProvider {
  const config: OidcConfig = {
    name: 'test',
    issuer,
    clientId: 'backside',
    clientSecret: 's3cret/+ with space',
    allowInsecureHttp: true,
    ...fields,
  };
  return createOidcProvider(config, { now: Date.now });
}

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

describe('the code flow with the reference provider', () => {
  it('ends with a verified identity', async () => {
    const provider = providerFor();
    const { back, exchange } = await codeFor(provider, 'bob');
    expect(back.searchParams.get('iss')).toBe(issuer.origin);
    expect(await provider.exchange(exchange)).toEqual({
      issuer: issuer.origin,
      sub: 'bob',
      email: 'bob@example.org',
      emailVerified: true,
      name: 'Bob',
      expiresAt: expect.any(Number),
    });
  });

  it('works without a client secret, by PKCE alone', async () => {
    const config: OidcConfig = { name: 'test', issuer, clientId: 'public', allowInsecureHttp: true };
    const provider = createOidcProvider(config, { now: Date.now });
    const { exchange } = await codeFor(provider, 'bob');
    expect(await provider.exchange(exchange)).toMatchObject({ sub: 'bob' });
  });

  it('does not take an address for verified that is not, nor an endless name', async () => {
    const provider = providerFor();
    const { exchange } = await codeFor(provider, 'eve');
    expect(await provider.exchange(exchange)).toMatchObject({ sub: 'eve', emailVerified: false, name: null });
  });

  it('asks only for the scopes that are configured', async () => {
    const provider = providerFor({ scopes: ['email'] });
    const { exchange } = await codeFor(provider, 'bob');
    expect(await provider.exchange(exchange)).toMatchObject({ email: 'bob@example.org', name: null });
  });

  it('lets a code be used once', async () => {
    const provider = providerFor();
    const { exchange } = await codeFor(provider, 'bob');
    await provider.exchange(exchange);
    await expect(provider.exchange(exchange)).rejects.toMatchObject(REFUSED);
  });

  it.each<[string, Partial<Flow['exchange']>]>([
    ['another PKCE verifier', { codeVerifier: 'x'.repeat(43) }],
    ['another nonce', { nonce: 'somebody else’s' }],
    ['another redirect URI', { redirectUri: 'http://127.0.0.1:5000/auth/oidc/test/callback' }],
    ['another code', { code: 'guessed' }],
    ['the answer of another issuer', { iss: 'https://evil.example' }],
  ])('refuses %s', async (_, wrong) => {
    const provider = providerFor();
    const { exchange } = await codeFor(provider, 'bob');
    await expect(provider.exchange({ ...exchange, ...wrong })).rejects.toMatchObject(REFUSED);
  });

  it('refuses a code that was given to another client', async () => {
    const other = providerFor({ clientId: 'other', clientSecret: 'another' });
    const { exchange } = await codeFor(other, 'bob');
    await expect(providerFor().exchange(exchange)).rejects.toMatchObject(REFUSED);
  });

  it('is unavailable, not refused, when the provider refuses this server', async () => {
    const misconfigured = providerFor({ clientSecret: 'wrong' });
    const { exchange } = await codeFor(misconfigured, 'bob');
    await expect(misconfigured.exchange(exchange)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the configuration of a provider', () => {
  it.each<[string, Partial<OidcConfig>]>([
    ['plain http', { issuer: new URL('http://127.0.0.1:1'), allowInsecureHttp: false }],
    ['plain http beyond loopback', { issuer: new URL('http://accounts.example'), allowInsecureHttp: true }],
    ['plain http to a name that looks like loopback', { issuer: new URL('http://127.0.0.1.evil.example') }],
    ['another scheme', { issuer: new URL('file:///etc/passwd') }],
    ['a name for paths that is none', { name: '../admin' }],
    ['a name with capitals', { name: 'Google' }],
  ])('refuses %s', (_, fields) => {
    expect(() => providerFor(fields)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });
});
