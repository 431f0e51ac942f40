import type { RequestListener } from 'node:http';
import { exportJWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOidcProvider, type OidcProvider } from './oidc.js';
import { HandmadeIssuer } from './testing/handmade-issuer.js';

let issuer: HandmadeIssuer;
let now: number;

beforeEach(async () => {
  issuer = new HandmadeIssuer();
  await issuer.start();
  now = 1_800_000_000_000;
});

afterEach(() => issuer.stop());

function providerOf(timeoutMs: number = 20_000): OidcProvider {
  const config = { name: 'test', issuer: new URL(issuer.url), clientId: 'us', allowInsecureHttp: true };
  return createOidcProvider(config, { now: () => now, timeoutMs });
}

function token(): Promise<string> {
  return issuer.sign(issuer.claims(now));
}

describe('an issuer in trouble', () => {
  const metadataPath = '/.well-known/openid-configuration';
  const unavailable = { code: 'unavailable' };
  const fails: [string, RequestListener][] = [
    ['says 500', (_, response) => response.writeHead(500).end('{}')],
    ['says 429', (_, response) => response.writeHead(429).end('{}')],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['hangs up', (request) => request.socket.destroy()],
    ['sends HTML', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hello')],
    ['sends broken JSON', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{')],
    [
      'sends no end of JSON',
      async (_, response) => {
        const keys = [{ ...(await exportJWK(issuer.publicKey)), kid: 'a' }];
        const body = JSON.stringify({ ...issuer.metadata(), keys, pad: 'x'.repeat(600_000) });
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      },
    ],
  ];

  it.each(fails)('that %s for its metadata is unavailable', async (_, answer) => {
    issuer.answers.set(metadataPath, answer);
    const provider = providerOf();
    await expect(provider.verifyIdToken(await token())).rejects.toMatchObject(unavailable);
    const request = { redirectUri: 'https://us.example/', state: 's', nonce: 'n', codeChallenge: 'c' };
    await expect(provider.authorizationUrl(request)).rejects.toMatchObject(unavailable);
    expect(issuer.count(metadataPath)).toBe(1);
  });

  it.each(fails)('that %s for its keys is unavailable', async (_, answer) => {
    issuer.answers.set('/keys', answer);
    await expect(providerOf().verifyIdToken(await token())).rejects.toMatchObject(unavailable);
  });

  it.each(fails.filter(([name]) => /^says|^hangs/.test(name)))(
    'that %s for a code is unavailable',
    async (_, answer) => {
      issuer.answers.set('/token', answer);
      const exchange = { code: 'c', codeVerifier: 'v', redirectUri: 'https://us.example/', nonce: 'n' };
      await expect(providerOf().exchange(exchange)).rejects.toMatchObject(unavailable);
    },
  );

  it.each([metadataPath, '/keys', '/token'])('that says nothing at %s is given up', async (path) => {
    issuer.answers.set(path, () => {});
    const provider = providerOf(200);
    const exchange = { code: 'c', codeVerifier: 'v', redirectUri: 'https://us.example/', nonce: 'n' };
    const asked = path === '/token' ? provider.exchange(exchange) : provider.verifyIdToken(await token());
    await expect(asked).rejects.toMatchObject(unavailable);
  });

  it('cannot send this server elsewhere', async () => {
    const moved: RequestListener = (_, response) => response.writeHead(302, { location: '/moved' }).end();
    issuer.answers.set('/moved', issuer.metadata());
    issuer.answers.set(metadataPath, moved);
    await expect(providerOf().verifyIdToken(await token())).rejects.toMatchObject(unavailable);
    expect(issuer.requests).toEqual([metadataPath]);
  });

  it('is asked once by all who come at the same time', async () => {
    const provider = providerOf();
    const text = await token();
    await Promise.all(Array.from({ length: 10 }, () => provider.verifyIdToken(text)));
    expect(issuer.requests.toSorted()).toEqual([metadataPath, '/keys']);
  });

  it('is asked again after a while, and forgiven', async () => {
    issuer.answers.set(metadataPath, fails[0]![1]);
    const provider = providerOf();
    await expect(provider.verifyIdToken(await token())).rejects.toMatchObject(unavailable);
    issuer.answers.set(metadataPath, issuer.metadata());
    await expect(provider.verifyIdToken(await token())).rejects.toMatchObject(unavailable);
    now += 5000;
    expect(await provider.verifyIdToken(await token())).toMatchObject({ sub: 'bob' });
  });

  it('goes on as it was described before', async () => {
    const provider = providerOf();
    await provider.verifyIdToken(await token());
    issuer.answers.set(metadataPath, fails[0]![1]);
    now += 2 * 3_600_000;
    expect(await provider.verifyIdToken(await token())).toMatchObject({ sub: 'bob' });
    expect(issuer.count(metadataPath)).toBe(2);
  });
});

describe('metadata that lead elsewhere', () => {
  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { issuer: 'https://accounts.example' }],
    ['keys by plain http', { jwks_uri: 'http://keys.example/' }],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['a token endpoint by plain http', { token_endpoint: 'http://accounts.example/token' }],
    ['an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['no keys at all', { jwks_uri: undefined }],
  ])('to %s are not followed', async (_, fields) => {
    issuer.answers.set('/.well-known/openid-configuration', issuer.metadata(fields));
    await expect(providerOf().verifyIdToken(await token())).rejects.toMatchObject({ code: 'unavailable' });
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration']);
  });
});
