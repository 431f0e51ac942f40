import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type AuthFixture, authenticate, createAuthFixture, refusal, SERVER } from './testing/auth-fixture.js';
import { LaggingTree } from './testing/lagging-tree.js';

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };
const MINUTE = 60_000;

/** A fixture with a good token, and what is needed to forge one like it. */
async function withToken(): Promise<AuthFixture & { token: string; publicPem: string; kid: string }> {
  const fixture = await createAuthFixture();
  const { accessToken: token } = await fixture.signUp('bob');
  const [kid] = fixture.tree.keys(['keys']) as [string];
  const pem = fixture.tree.read(['keys', kid, 'pem']) as string;
  const publicPem = createPublicKey(pem).export({ type: 'spki', format: 'pem' }) as string;
  return { ...fixture, token, kid, publicPem };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function forge(header: object, payload: object, sign: (input: string) => string): string {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${sign(input)}`;
}

/** The payload of `token` under another header or claims, signed by `key`. */
function resigned(
  token: string,
  key: KeyObject,
  { header = {}, payload = {} }: { header?: object; payload?: object } = {},
): Promise<string> {
  return new SignJWT({ ...decodeJwt(token), ...payload })
    .setProtectedHeader({ ...(decodeProtectedHeader(token) as { alg: string }), ...header })
    .sign(key);
}

describe('an access token', () => {
  it('names the key, its type, the server and the database, and nothing about the user but the uid', async () => {
    const { token, kid, clock } = await withToken();
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid });
    expect(decodeJwt(token)).toEqual({
      iss: 'backside',
      aud: 'main',
      sub: expect.any(String),
      sid: expect.any(String),
      iat: clock.time / 1000,
      exp: clock.time / 1000 + 900,
    });
  });

  it('without a signature is refused', async () => {
    const { auth, token, kid } = await withToken();
    for (const alg of ['none', 'None', 'NONE', '']) {
      const forged = forge({ alg, typ: 'at+jwt', kid }, decodeJwt(token), () => '');
      expect(await refusal(authenticate(auth, forged))).toEqual(REFUSED);
    }
    expect(await refusal(authenticate(auth, token.slice(0, token.lastIndexOf('.') + 1)))).toEqual(REFUSED);
  });

  it('signed by HMAC with the public key as the secret is refused', async () => {
    const { auth, token, kid, publicPem } = await withToken();
    const forged = forge({ alg: 'HS256', typ: 'at+jwt', kid }, decodeJwt(token), (input) =>
      createHmac('sha256', publicPem).update(input).digest('base64url'),
    );
    expect(await refusal(authenticate(auth, forged))).toEqual(REFUSED);
  });

  it('signed by another key is refused, also one that it brings along', async () => {
    const { auth, token } = await withToken();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    for (const header of [{}, { jwk }, { kid: 'other', jwk }, { jku: 'http://127.0.0.1:1/keys' }]) {
      expect(await refusal(authenticate(auth, await resigned(token, privateKey, { header })))).toEqual(REFUSED);
    }
  });

  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another database', { aud: 'other' }],
    ['a list of databases without this one', { aud: ['other', 'third'] }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is text', { exp: '99999999999' }],
    ['a time before which it is not valid', { nbf: 1_800_000_060 }],
    ['no session', { sid: undefined }],
    ['another session', { sid: 'x'.repeat(24) }],
    ['the uid of an admin', { sub: '(admin)' }],
    ['another uid', { sub: 'somebody-else' }],
  ])('that says %s is refused, though the key be right', async (_what, payload) => {
    const { auth, token, tree, kid } = await withToken();
    const { createPrivateKey } = await import('node:crypto');
    const key = createPrivateKey(tree.read(['keys', kid, 'pem']) as string);
    expect(await authenticate(auth, await resigned(token, key))).toMatchObject({ kind: 'user' });
    expect(await refusal(authenticate(auth, await resigned(token, key, { payload })))).toEqual(REFUSED);
  });

  it('of another type is refused, though the key be right', async () => {
    const { auth, token, tree, kid } = await withToken();
    const { createPrivateKey } = await import('node:crypto');
    const key = createPrivateKey(tree.read(['keys', kid, 'pem']) as string);
    for (const typ of ['JWT', 'id+jwt', undefined]) {
      expect(await refusal(authenticate(auth, await resigned(token, key, { header: { typ } })))).toEqual(REFUSED);
    }
  });

  it('holds until it expires, and not a moment longer', async () => {
    const { auth, token, clock } = await withToken();
    clock.time += 15 * MINUTE - 1;
    await authenticate(auth, token);
    clock.time += 1;
    expect(await refusal(authenticate(auth, token))).toEqual(REFUSED);
  });

  it.each(['', 'x', '.', '..', 'a.b.c', 'x'.repeat(100_000), `${encoded({ typ: 'at+jwt' })}.e30.`, '\0'])(
    'is not %j',
    async (text) => {
      const { auth } = await createAuthFixture();
      const answer = authenticate(auth, text);
      if (text === '') expect(await answer).toEqual({ kind: 'nobody' });
      else expect(await refusal(answer)).toEqual(REFUSED);
    },
  );

  it('is taken by a node that has not heard of its session or key yet', async () => {
    const { auth, tree, connect, signUp } = await createAuthFixture();
    const late = await connect(new LaggingTree(tree));
    await auth.rotateKeys(SERVER, { immediately: true });
    const { accessToken } = await signUp('bob');
    expect(await authenticate(late, accessToken)).toMatchObject({ kind: 'user' });
  });
});

describe('signing keys', () => {
  it('change without logging anybody out', async () => {
    const { auth, token, tree, clock, login, kid } = await withToken();
    const sign = async (): Promise<string> => {
      const result = await login('bob');
      return result.kind === 'signed-in' ? result.accessToken : '';
    };
    await auth.rotateKeys(SERVER);
    const waiting = await sign();
    expect(decodeProtectedHeader(waiting).kid).toBe(kid);
    clock.time += MINUTE;
    const next = await sign();
    expect(decodeProtectedHeader(next).kid).not.toBe(kid);
    await auth.maintain();
    for (const each of [token, waiting, next]) await authenticate(auth, each);
    clock.time += 17 * MINUTE;
    await auth.maintain();
    expect(tree.keys(['keys'])).toHaveLength(1);
    await authenticate(auth, await sign());
  });

  it('that leaked are void at once if told so; refresh tokens go on', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { accessToken, refreshToken } = await signUp('bob');
    await auth.rotateKeys(SERVER, { immediately: true });
    expect(await refusal(authenticate(auth, accessToken))).toEqual(REFUSED);
    const { accessToken: next } = await auth.signIn.refresh({ refreshToken }, { address: '' });
    await authenticate(auth, next);
  });

  it('change by themselves when they are old, once for all nodes', async () => {
    const { auth, tree, clock, connect } = await createAuthFixture({ keyRotationMs: 60 * MINUTE });
    const other = await connect();
    await auth.maintain();
    expect(tree.keys(['keys'])).toHaveLength(1);
    clock.time += 60 * MINUTE;
    await Promise.all([auth.maintain(), other.maintain(), auth.maintain()]);
    expect(tree.keys(['keys'])).toHaveLength(2);
  });

  it('are the same for nodes that start at once', async () => {
    const { tree, connect, signUp } = await createAuthFixture();
    const { accessToken } = await signUp('bob');
    const nodes = await Promise.all([connect(), connect(new LaggingTree(tree))]);
    for (const node of nodes) await authenticate(node, accessToken);
    expect(tree.keys(['keys'])).toHaveLength(1);
  });

  it('are changed by admins only', async () => {
    const { auth, signUp, principal } = await createAuthFixture();
    const actor = await principal(await signUp('bob'));
    expect(await refusal(auth.rotateKeys(actor))).toMatchObject({ code: 'permission-denied' });
    expect(await refusal(auth.rotateKeys({ kind: 'nobody' }))).toMatchObject({ code: 'permission-denied' });
  });
});
