import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, type JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOidcProvider, type OidcConfig, type OidcProvider } from './oidc.js';
import { HandmadeIssuer, publicJwk, type Signing } from './testing/handmade-issuer.js';

const START = 1_800_000_000_000;
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let issuer: HandmadeIssuer;
let now: number;

beforeEach(async () => {
  issuer = new HandmadeIssuer();
  await issuer.start();
  now = START;
});

afterEach(() => issuer.stop());

function providerOf(fields: Partial<OidcConfig> = {}): OidcProvider {
  const config = { name: 'test', issuer: new URL(issuer.url), clientId: 'us', allowInsecureHttp: true, ...fields };
  return createOidcProvider(config, { now: () => now, timeoutMs: 20_000 });
}

function claims(fields: JWTPayload = {}): JWTPayload {
  return issuer.claims(now, fields);
}

function sign(payload: JWTPayload, signing: Signing = {}): Promise<string> {
  return issuer.sign(payload, signing);
}

async function expectRefused(token: string, provider: OidcProvider = providerOf()): Promise<void> {
  const refused = { code: 'unauthenticated', message: 'Sign-in refused' };
  await expect(provider.verifyIdToken(token)).rejects.toMatchObject(refused);
}

describe('an ID token', () => {
  it('of the configured issuer for this client is good', async () => {
    const token = await sign(claims({ email: 'bob@example.org', email_verified: 'true', name: 'Bob' }));
    expect(await providerOf().verifyIdToken(token)).toEqual({
      issuer: issuer.url,
      sub: 'bob',
      email: 'bob@example.org',
      emailVerified: true,
      name: 'Bob',
      expiresAt: now + 300_000,
    });
  });

  it('may be for another client of the application, if that is configured', async () => {
    const token = await sign(claims({ aud: 'phone' }));
    expect(await providerOf({ audience: 'phone' }).verifyIdToken(token)).toMatchObject({ sub: 'bob' });
    expect(await providerOf({ audience: ['tv', 'phone'] }).verifyIdToken(token)).toMatchObject({ sub: 'bob' });
    await expectRefused(token);
  });

  it('of several audiences must be issued to this client', async () => {
    const both = claims({ aud: ['us', 'them'] });
    expect(await providerOf().verifyIdToken(await sign({ ...both, azp: 'us' }))).toMatchObject({ sub: 'bob' });
    await expectRefused(await sign({ ...both, azp: 'them' }));
    await expectRefused(await sign(both));
  });

  it('must carry the nonce that this server made', async () => {
    const token = await sign(claims({ nonce: 'n1' }));
    expect(await providerOf().verifyIdToken(token, { nonce: 'n1' })).toMatchObject({ sub: 'bob' });
    for (const nonce of ['n2', '']) {
      await expect(providerOf().verifyIdToken(token, { nonce })).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    const without = await sign(claims());
    await expect(providerOf().verifyIdToken(without, { nonce: 'n1' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('is refused when another key signed it, whatever key id it names', async () => {
    await expectRefused(await sign(claims(), { by: stranger.privateKey }));
    await expectRefused(await sign(claims(), { by: stranger.privateKey, kid: 'unknown' }));
  });

  it('is refused when it brings its own key', async () => {
    const jwk = await exportJWK(stranger.publicKey);
    await expectRefused(await sign(claims(), { by: stranger.privateKey, jwk, jku: `${issuer.url}/keys2` }));
    expect(issuer.count('/keys2')).toBe(0);
  });

  it.each([
    ['a foreign issuer', { iss: 'https://accounts.example' }],
    ['the issuer with a slash more', { iss: 'SLASH' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'them' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['an endless subject', { sub: 'x'.repeat(256) }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is over', { exp: START / 1000 }],
    ['no time of issue', { iat: undefined }],
    ['a time of issue that is to come', { iat: START / 1000 + 60 }],
    ['a validity that is to come', { nbf: START / 1000 + 60 }],
    ['the events of a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ])('is refused with %s', async (_, fields) => {
    const payload: Record<string, unknown> = claims();
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) delete payload[name];
      else payload[name] = value === 'SLASH' ? `${issuer.url}/` : value;
    }
    await expectRefused(await sign(payload));
  });

  it('is refused when it is a token of another kind', async () => {
    for (const typ of ['at+jwt', 'logout+jwt', 'dpop+jwt']) await expectRefused(await sign(claims(), { typ }));
    expect(await providerOf().verifyIdToken(await sign(claims(), { typ: 'jwt' }))).toMatchObject({ sub: 'bob' });
  });

  it('is refused when nobody signed it', async () => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'NONE']) await expectRefused(`${encode({ alg, kid: 'a' })}.${encode(claims())}.`);
  });

  it('is refused when the public key was used as a shared secret', async () => {
    const { n } = await exportJWK(issuer.publicKey);
    const pem = issuer.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const secret of [pem, pem.trim(), n!]) {
      await expectRefused(await sign(claims(), { alg: 'HS256', by: Buffer.from(secret) }));
    }
  });

  it('is refused when it is no token', async () => {
    for (const text of ['', 'a.b.c', '....', '{"sub":"bob"}']) await expectRefused(text);
    await expectRefused(`${await sign(claims())}${'A'.repeat(20_000)}`);
  });
});

describe('the keys of an issuer', () => {
  it('are fetched once, and again for a new key', async () => {
    const provider = providerOf();
    for (let count = 0; count < 5; count++) await provider.verifyIdToken(await sign(claims()));
    expect(issuer.count('/keys')).toBe(1);
    expect(issuer.count('/.well-known/openid-configuration')).toBe(1);
  });

  it('are not fetched for every unknown key id', async () => {
    const provider = providerOf();
    for (let at = 0; at < 20; at++) await expectRefused(await sign(claims(), { kid: `k${at}` }), provider);
    expect(issuer.count('/keys')).toBeLessThanOrEqual(2);
  });

  it('serve only for the algorithm of their type', async () => {
    issuer.answers.set('/keys', { keys: [await publicJwk(ec.publicKey, 'a')] });
    await expectRefused(await sign(claims()));
    const token = await sign(claims(), { alg: 'ES256', by: ec.privateKey });
    expect(await providerOf().verifyIdToken(token)).toMatchObject({ sub: 'bob' });
  });

  it('are never shared secrets, even if the issuer publishes one', async () => {
    const k = Buffer.alloc(32, 7);
    issuer.answers.set('/keys', { keys: [{ kty: 'oct', kid: 'a', k: k.toString('base64url') }] });
    await expectRefused(await sign(claims(), { alg: 'HS256', by: k }));
  });
});

describe('the authorization URL', () => {
  it('carries exactly what it was asked to carry', async () => {
    const request = { redirectUri: 'https://us.example/back?ns=a&x="', state: 's&t', nonce: 'n', codeChallenge: 'c' };
    const url = await providerOf().authorizationUrl(request);
    expect(`${url.origin}${url.pathname}`).toBe(`${issuer.url}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'us',
      response_type: 'code',
      scope: 'openid email profile',
      redirect_uri: request.redirectUri,
      state: 's&t',
      nonce: 'n',
      code_challenge: 'c',
      code_challenge_method: 'S256',
    });
  });
});

describe('a token endpoint that lies', () => {
  async function exchangeWith(answer: Record<string, unknown>): Promise<unknown> {
    issuer.answers.set('/token', { access_token: 'x', token_type: 'bearer', ...answer });
    return providerOf().exchange({ code: 'c', codeVerifier: 'v', redirectUri: 'https://us.example/', nonce: 'n' });
  }

  it('is believed only with a good ID token for this sign-in', async () => {
    now = Date.now(); // The library that speaks to it looks at the real clock.
    expect(await exchangeWith({ id_token: await sign(claims({ nonce: 'n' })) })).toMatchObject({ sub: 'bob' });
    for (const token of [
      await sign(claims({ nonce: 'other' })),
      await sign(claims()),
      await sign(claims({ nonce: 'n', aud: 'them' })),
      await sign(claims({ nonce: 'n' }), { by: stranger.privateKey }),
    ]) {
      await expect(exchangeWith({ id_token: token })).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    await expect(exchangeWith({})).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
