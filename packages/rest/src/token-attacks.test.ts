import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { SignedIn } from '@backside/auth';
import { importPKCS8, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { ask, signUp, startServer, type TestServer } from './testing/rest-fixture.js';

const HOUR = 3_600_000;

interface Parts {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
}

function partsOf(token: string): Parts {
  const [header = '', payload = ''] = token.split('.');
  return { header: decode(header), payload: decode(payload) };
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function isAccepted(server: TestServer, token: string): Promise<boolean> {
  const { status } = await ask(server, 'GET /auth/me', { token });
  if (status !== 200 && status !== 401) throw new Error(`neither accepted nor refused: ${status}`);
  return status === 200;
}

describe('a forged access token is refused', () => {
  test('unsigned, in every spelling of none', async () => {
    const server = await startServer();
    const { accessToken } = await signUp(server);
    const { header, payload } = partsOf(accessToken);
    expect(await isAccepted(server, accessToken)).toBe(true);
    expect(await isAccepted(server, new UnsecuredJWT(payload).encode())).toBe(false);
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const body = `${encode({ ...header, alg })}.${encode(payload)}`;
      expect(await isAccepted(server, `${body}.`)).toBe(false);
      expect(await isAccepted(server, `${body}.${accessToken.split('.')[2]}`)).toBe(false);
    }
  });

  test('with other claims under the old signature', async () => {
    const server = await startServer();
    const { accessToken, user } = await signUp(server);
    const [header, , signature] = accessToken.split('.');
    const { payload } = partsOf(accessToken);
    for (const change of [{ admin: true }, { sub: 'root' }, { exp: 4e9 }]) {
      expect(await isAccepted(server, `${header}.${encode({ ...payload, ...change })}.${signature}`)).toBe(false);
    }
    expect(user.admin).toBe(false);
  });

  test('signed by a foreign key that says it is ours, and with keys of its own in the header', async () => {
    const server = await startServer();
    const { header, payload } = partsOf((await signUp(server)).accessToken);
    const alg = String(header.alg);
    const pair = alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = await importPKCS8(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), alg);
    const jwk = pair.publicKey.export({ format: 'jwk' });
    for (const extra of [{}, { jwk }, { jku: `${server.url}/keys` }, { x5u: `${server.url}/x5u` }]) {
      const forged = await new SignJWT(payload).setProtectedHeader({ ...header, alg, ...extra }).sign(key);
      expect(await isAccepted(server, forged)).toBe(false);
    }
  });

  test('with the key type swapped: HMAC by a public key', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const server = await startServer({
      auth: () => ({ customTokenKeys: [{ kid: 'app', algorithm: 'RS256', key: pem }] }),
    });
    const { header, payload } = partsOf((await signUp(server)).accessToken);
    const now = Math.floor(server.clock.now() / 1_000);
    for (const secret of [pem, pem.trim(), String(header.kid)]) {
      const access = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
      expect(await isAccepted(server, `${access}.${hmac(secret, access)}`)).toBe(false);
      const custom = `${encode({ alg: 'HS256', kid: 'app' })}.${encode({ uid: 'x', sub: 'x', iat: now, exp: now + 60 })}`;
      const token = `${custom}.${hmac(secret, custom)}`;
      expect(await ask(server, 'POST /auth/custom', { body: { token } })).toMatchObject({ status: 401 });
    }
  });

  test('of another database of the same server', async () => {
    const server = await startServer({ databases: ['main', 'other'] });
    const { accessToken } = await signUp(server);
    expect(await ask(server, 'GET /auth/me?ns=other', { token: accessToken })).toMatchObject({ status: 401 });
  });

  test('when it is no token at all', async () => {
    const server = await startServer();
    for (const token of [
      'x',
      '..',
      '.',
      'a.b.c',
      `${'a'.repeat(8_000)}.b.c`,
      encode({}),
      `${encode({})}.${encode({})}.`,
    ]) {
      expect(await isAccepted(server, token)).toBe(false);
    }
  });
});

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

describe('a token out of its time is refused', () => {
  const SECRET = 'a shared secret that is long enough for HS256';

  async function custom(claims: object): Promise<string> {
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET));
  }

  test('an access token that has expired, until it is refreshed', async () => {
    const server = await startServer();
    const { accessToken, refreshToken } = await signUp(server);
    server.clock.advance(HOUR);
    expect(await isAccepted(server, accessToken)).toBe(false);
    const { json } = await ask<SignedIn>(server, 'POST /auth/refresh', { body: { refreshToken } });
    expect(await isAccepted(server, json.accessToken)).toBe(true);
  });

  test('a custom token that has expired, is not valid yet, or never expires', async () => {
    const server = await startServer({ auth: () => ({ customTokenKeys: [{ algorithm: 'HS256', key: SECRET }] }) });
    const now = Math.floor(server.clock.now() / 1_000);
    const good = { sub: 'ann', uid: 'ann', iat: now, exp: now + 600 };
    const signIn = async (claims: object): Promise<number> =>
      (await ask(server, 'POST /auth/custom', { body: { token: await custom(claims) } })).status;
    expect(await signIn(good)).toBe(200);
    expect(await signIn({ ...good, iat: now - 7_200, exp: now - 3_600 })).toBe(401);
    expect(await signIn({ ...good, nbf: now + 500 })).toBe(401);
    expect(await signIn({ ...good, iat: now + 500 })).toBe(401);
    expect(await signIn({ ...good, exp: now + 10 * 365 * 86_400 })).toBe(401);
    expect(await signIn({ sub: 'ann', uid: 'ann', iat: now })).toBe(401);
  });
});

describe('a copied refresh token', () => {
  test('that comes a second time ends the session, also for who came first', async () => {
    const server = await startServer();
    const { refreshToken } = await signUp(server);
    const first = await ask<SignedIn>(server, 'POST /auth/refresh', { body: { refreshToken } });
    expect(first.status).toBe(200);
    expect(await ask(server, 'POST /auth/refresh', { body: { refreshToken } })).toMatchObject({ status: 401 });
    expect(await isAccepted(server, first.json.accessToken)).toBe(false);
    const next = await ask(server, 'POST /auth/refresh', { body: { refreshToken: first.json.refreshToken } });
    expect(next.status).toBe(401);
  });
});
