import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type CustomTokenKey, createCustomTokenVerifier } from './custom-token.js';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const SECRET = 'an application secret of more than 32 bytes';
const HS_KEY: CustomTokenKey = { algorithm: 'HS256', key: SECRET };

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

interface Signing {
  readonly alg?: string;
  readonly kid?: string;
  readonly key?: KeyObject | Uint8Array;
}

function sign(payload: JWTPayload, { alg = 'HS256', kid, key = Buffer.from(SECRET) }: Signing = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

function verifierOf(...keys: CustomTokenKey[]): ReturnType<typeof createCustomTokenVerifier> {
  return createCustomTokenVerifier(keys, () => NOW);
}

/** The refusal, which must be the generic one; gives its cause for tests that care why. */
async function refusal(token: string, ...keys: CustomTokenKey[]): Promise<string> {
  const error = await verifierOf(...keys)
    .verify(token)
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(BacksideError);
  expect(error).toMatchObject({ code: 'unauthenticated', message: 'Sign-in refused' });
  return String((error as BacksideError).cause);
}

const GOOD: JWTPayload = { uid: 'bob', exp: SECONDS + 600, iat: SECONDS };

describe('custom tokens', () => {
  const asymmetric = [
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ] as const;

  it('says who it is, with claims and expiry', async () => {
    const token = await sign({ ...GOOD, claims: { level: 3, team: { id: 'x' } } });
    expect(await verifierOf(HS_KEY).verify(token)).toEqual({
      uid: 'bob',
      claims: { level: 3, team: { id: 'x' } },
      expiresAt: NOW + 600_000,
    });
  });

  it.each(asymmetric)('verifies %s by PEM and by JWK', async (algorithm, pair) => {
    const token = await sign(GOOD, { alg: algorithm, key: pair.privateKey });
    const jwk = JSON.stringify(pair.publicKey.export({ format: 'jwk' }));
    for (const key of [pem(pair.publicKey), jwk]) {
      expect(await verifierOf({ algorithm, key }).verify(token)).toMatchObject({ uid: 'bob', claims: {} });
    }
  });

  it('takes sub where there is no uid, and uid before sub', async () => {
    const { uid: _, ...rest } = GOOD;
    expect(await verifierOf(HS_KEY).verify(await sign({ ...rest, sub: 'ann' }))).toMatchObject({ uid: 'ann' });
    expect(await verifierOf(HS_KEY).verify(await sign({ ...GOOD, sub: 'service' }))).toMatchObject({ uid: 'bob' });
  });

  it('finds the key by its id, and tries keys without one', async () => {
    const other: CustomTokenKey = { kid: 'new', algorithm: 'HS256', key: `${SECRET} but newer` };
    const named: CustomTokenKey = { ...HS_KEY, kid: 'old' };
    expect(await verifierOf(other, named).verify(await sign(GOOD, { kid: 'old' }))).toMatchObject({ uid: 'bob' });
    expect(await verifierOf(other, named).verify(await sign(GOOD))).toMatchObject({ uid: 'bob' });
    expect(await verifierOf(other, HS_KEY).verify(await sign(GOOD, { kid: 'any' }))).toMatchObject({ uid: 'bob' });
    expect(await refusal(await sign(GOOD, { kid: 'new' }), other, named)).toMatch(/signature/);
    expect(await refusal(await sign(GOOD, { kid: 'unknown' }), other, named)).toMatch(/no key/);
  });

  it('holds issuer and audience against the key that asks for them', async () => {
    const key: CustomTokenKey = { ...HS_KEY, issuer: 'app', audience: 'chat' };
    expect(await verifierOf(key).verify(await sign({ ...GOOD, iss: 'app', aud: ['x', 'chat'] }))).toMatchObject({
      uid: 'bob',
    });
    expect(await refusal(await sign({ ...GOOD, iss: 'other', aud: 'chat' }), key)).toMatch(/iss/);
    expect(await refusal(await sign({ ...GOOD, iss: 'app', aud: 'mail' }), key)).toMatch(/aud/);
    expect(await refusal(await sign(GOOD), key)).toMatch(/iss|aud/);
  });

  it('drops claims that have a meaning of their own', async () => {
    const claims = { sub: 'root', iss: 'x', firebase: {}, sid: 's', uid: 'root', provider: 'password', mine: true };
    const proven = { email: 'root@example.org', email_verified: true, name: 'Root' };
    expect((await verifierOf(HS_KEY).verify(await sign({ ...GOOD, claims: { ...claims, ...proven } }))).claims).toEqual(
      {
        mine: true,
      },
    );
  });
});

describe('custom tokens under attack', () => {
  it('refuses alg none, signed by nobody', async () => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${encode({ alg })}.${encode(GOOD)}.`;
      expect(await refusal(token, HS_KEY, { algorithm: 'RS256', key: pem(rsa.publicKey) })).toMatch(/no key/);
    }
  });

  it('refuses a token signed with the public key as if it were a secret', async () => {
    const text = pem(rsa.publicKey);
    const token = await sign(GOOD, { key: Buffer.from(text) });
    expect(await refusal(token, { algorithm: 'RS256', key: text })).toMatch(/no key/);
  });

  it('refuses a key that the token brings along', async () => {
    const jwk = ec.publicKey.export({ format: 'jwk' });
    const header = { alg: 'ES256', jwk, jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/cert' };
    const token = await new SignJWT(GOOD).setProtectedHeader(header).sign(ec.privateKey);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await refusal(token, { algorithm: 'ES256', key: pem(other.publicKey) })).toMatch(/signature/);
  });

  it('refuses another secret, a changed payload, a cut and an overlong token', async () => {
    const token = await sign(GOOD);
    const [head, , signature] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...GOOD, uid: 'admin' })).toString('base64url');
    await refusal(await sign(GOOD, { key: Buffer.from(`${SECRET}!`) }), HS_KEY);
    await refusal(`${head}.${forged}.${signature}`, HS_KEY);
    await refusal(token.slice(0, -2), HS_KEY);
    for (const text of ['', '.', '..', 'a.b.c', 'null', '{}', '\0']) await refusal(text, HS_KEY);
    expect(await refusal(`${token}${'A'.repeat(20_000)}`, HS_KEY)).toMatch(/too long/);
  });

  it.each([
    ['no expiry', { uid: 'bob' }, /exp/],
    ['expired this moment', { ...GOOD, exp: SECONDS }, /expired/],
    ['expired long ago', { ...GOOD, exp: SECONDS - 3600 }, /exp/],
    ['an expiry too far ahead', { uid: 'bob', exp: SECONDS + 3700 }, /too long/],
    ['an infinite expiry', { uid: 'bob', exp: 1e300 }, /too long/],
    ['a long life that is nearly over', { uid: 'bob', iat: SECONDS - 86_400, exp: SECONDS + 60 }, /too long/],
    ['not yet valid', { ...GOOD, nbf: SECONDS + 60 }, /nbf/],
    ['issued in the future', { ...GOOD, iat: SECONDS + 60, exp: SECONDS + 660 }, /future/],
    ['an expiry that is a text', { uid: 'bob', exp: '9999999999' as unknown as number }, /exp/],
  ])('refuses %s', async (_, payload, reason) => {
    expect(await refusal(await sign(payload), HS_KEY)).toMatch(reason);
  });

  it('allows for a clock that is 30 seconds ahead, not for one behind', async () => {
    const ahead = { uid: 'bob', nbf: SECONDS + 29, iat: SECONDS + 29, exp: SECONDS + 600 };
    expect(await verifierOf(HS_KEY).verify(await sign(ahead))).toMatchObject({ uid: 'bob' });
  });

  it.each(['', 'a/b', '../x', '__proto__/x', 'a b', 'ü', 'x'.repeat(129), 5, null, ['bob'], { a: 1 }])(
    'refuses the uid %j',
    async (uid) => {
      expect(await refusal(await sign({ ...GOOD, uid, sub: '' }), HS_KEY)).toMatch(/uid/);
    },
  );

  it('refuses claims that are no object, too large or too deep', async () => {
    for (const claims of [[], 'x', 5, true]) {
      expect(await refusal(await sign({ ...GOOD, claims }), HS_KEY)).toMatch(/not an object/);
    }
    expect(await refusal(await sign({ ...GOOD, claims: { a: 'ü'.repeat(2048) } }), HS_KEY)).toMatch(/more than 4096/);
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`) as object;
    expect(await refusal(await sign({ ...GOOD, claims: deep }), HS_KEY)).toMatch(/deeper/);
  });

  it('gives a claim named __proto__ no power', async () => {
    const head = Buffer.from('{"alg":"HS256"}').toString('base64url');
    const body = `{"uid":"bob","exp":${SECONDS + 60},"claims":{"__proto__":{"admin":true},"constructor":1}}`;
    const input = `${head}.${Buffer.from(body).toString('base64url')}`;
    const { createHmac } = await import('node:crypto');
    const token = `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
    const { claims } = await verifierOf(HS_KEY).verify(token);
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
    expect(claims.admin).toBeUndefined();
    expect(Object.keys(claims)).toEqual(['__proto__', 'constructor']);
  });
});

describe('keys of custom tokens', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  it.each<[string, CustomTokenKey]>([
    ['a short secret', { algorithm: 'HS256', key: 'x'.repeat(31) }],
    ['a public key as a secret', { algorithm: 'HS256', key: pem(rsa.publicKey) }],
    ['a JWK as a secret', { algorithm: 'HS256', key: JSON.stringify(ec.publicKey.export({ format: 'jwk' })) }],
    ['a short RSA key', { algorithm: 'RS256', key: pem(small.publicKey) }],
    ['a key of another type', { algorithm: 'RS256', key: pem(ec.publicKey) }],
    ['another curve', { algorithm: 'ES256', key: pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey) }],
    ['RSA for EdDSA', { algorithm: 'EdDSA', key: pem(rsa.publicKey) }],
    ['text', { algorithm: 'ES256', key: 'hello' }],
    ['a private PEM', { algorithm: 'EdDSA', key: ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }],
    ['a private JWK', { algorithm: 'EdDSA', key: JSON.stringify(ed.privateKey.export({ format: 'jwk' })) }],
  ])('refuses %s at once, without showing it', (_, key) => {
    let message = '';
    try {
      verifierOf(key);
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid-data' });
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain(key.key);
  });
});
