import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Bent, SoftwareAuthenticator } from './testing/software-authenticator.js';
import { createPasskeys, type Passkey } from './webauthn.js';

const ORIGIN = 'https://chat.example';
const passkeys = createPasskeys({ name: 'Chat', publicUrl: new URL(`${ORIGIN}/some/path`) });
const BOB = { uid: 'bob', name: 'bob@example.org', passkeys: [] };

async function register(device: SoftwareAuthenticator, bent?: Bent): Promise<Passkey> {
  const { challenge } = await passkeys.registrationOptions(BOB);
  return passkeys.verifyRegistration({ challenge, response: device.create(challenge, bent) });
}

async function signIn(device: SoftwareAuthenticator, passkey: Passkey, bent?: Bent): Promise<Passkey> {
  const { challenge } = await passkeys.authenticationOptions([passkey]);
  return passkeys.verifyAuthentication({ challenge, response: device.get(challenge, bent), passkey, uid: 'bob' });
}

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const UNREGISTERED = { code: 'invalid-data', message: 'The passkey could not be registered' };
const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

describe('a passkey', () => {
  it('is registered and signs in, again and again', async () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    let passkey = await register(device);
    expect(passkey).toEqual({
      id: device.id.toString('base64url'),
      publicKey: expect.stringMatching(/^[A-Za-z0-9_-]{100,}$/),
      counter: 0,
      transports: ['internal'],
      backedUp: false,
    });
    for (const counter of [1, 2, 3]) {
      passkey = await signIn(device, passkey);
      expect(passkey.counter).toBe(counter);
    }
  });

  it('may be one that does not count', async () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const passkey = await register(device);
    expect(await signIn(device, passkey, { counter: 0 })).toEqual(passkey);
    expect(await signIn(device, passkey, { counter: 0 })).toEqual(passkey);
  });

  it('names its user by a handle that is not the uid', async () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const passkey = await register(device);
    const { options } = await passkeys.registrationOptions(BOB);
    expect(Buffer.from(options.user.id, 'base64url').toString()).not.toContain('bob');
    expect(await signIn(device, passkey, { userHandle: options.user.id })).toMatchObject({ id: passkey.id });
    const other = await passkeys.registrationOptions({ ...BOB, uid: 'eve' });
    await expect(signIn(device, passkey, { userHandle: other.options.user.id })).rejects.toMatchObject(REFUSED);
  });

  it('is not offered for registration twice', async () => {
    const passkey = await register(new SoftwareAuthenticator(ORIGIN));
    const { options } = await passkeys.registrationOptions({ ...BOB, passkeys: [passkey] });
    expect(options.excludeCredentials).toMatchObject([{ id: passkey.id, transports: ['internal'] }]);
    expect(options).toMatchObject({ rp: { id: 'chat.example', name: 'Chat' }, attestation: 'none' });
    expect(options.authenticatorSelection).toMatchObject({ userVerification: 'required' });
  });

  it('has a fresh challenge each time', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 20; count++) {
      seen.add((await passkeys.registrationOptions(BOB)).challenge);
      seen.add((await passkeys.authenticationOptions()).challenge);
    }
    expect(seen.size).toBe(40);
  });
});

describe('a registration is refused', () => {
  it.each<[string, Bent]>([
    ['from another origin', { origin: 'https://chat.example.evil.example' }],
    ['by plain http', { origin: 'http://chat.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['with another challenge', { challenge: Buffer.from('old').toString('base64url') }],
    ['made for signing in', { type: 'webauthn.get' }],
    ['without verification of the user', { userVerified: false }],
  ])('%s', async (_, bent) => {
    await expect(register(new SoftwareAuthenticator(ORIGIN), bent)).rejects.toMatchObject(UNREGISTERED);
  });

  it.each(['packed', 'apple', 'android-key', 'tpm', 'fido-u2f'])(
    'with certificates in the format %s, before anybody looks at them',
    async (format) => {
      const refusal = register(new SoftwareAuthenticator(ORIGIN), { attestation: chain(format) });
      await expect(refusal).rejects.toMatchObject({
        ...UNREGISTERED,
        cause: { message: 'attestation that was not asked for' },
      });
    },
  );

  it.each([null, 5, 'x', [], {}, { id: 'a', rawId: 'b', type: 'public-key', response: {} }])(
    'as %j',
    async (response) => {
      await expect(passkeys.verifyRegistration({ challenge: 'abc', response })).rejects.toMatchObject(UNREGISTERED);
    },
  );

  it('under another id, too large, or garbled', async () => {
    const { challenge } = await passkeys.registrationOptions(BOB);
    const good = new SoftwareAuthenticator(ORIGIN).create(challenge);
    const inner = good.response as Record<string, string>;
    for (const response of [
      { ...good, id: 'AAAA', rawId: 'AAAA' },
      { ...good, response: { ...inner, attestationObject: 'A'.repeat(20_000) } },
      { ...good, response: { ...inner, attestationObject: inner.attestationObject!.slice(0, 100) } },
      { ...good, response: { ...inner, clientDataJSON: '!!!' } },
      { ...good, response: { ...inner, clientDataJSON: Buffer.from('null').toString('base64url') } },
    ]) {
      await expect(passkeys.verifyRegistration({ challenge, response })).rejects.toMatchObject(UNREGISTERED);
    }
  });
});

function chain(format: string): NonNullable<Bent['attestation']> {
  return {
    format,
    statement: new Map<string, unknown>([
      ['alg', -7],
      ['sig', Buffer.alloc(64)],
      ['x5c', [Buffer.alloc(99)]],
    ]),
  };
}

describe('a sign-in by passkey is refused', () => {
  it.each<[string, Bent]>([
    ['from another origin', { origin: 'https://chat.example.evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['with another challenge', { challenge: Buffer.from('old').toString('base64url') }],
    ['made for registration', { type: 'webauthn.create' }],
    ['without verification of the user', { userVerified: false }],
    ['signed by another key', { key: stranger }],
  ])('%s', async (_, bent) => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const passkey = await register(device);
    await expect(signIn(device, passkey, bent)).rejects.toMatchObject(REFUSED);
    expect(await signIn(device, passkey)).toMatchObject({ id: passkey.id });
  });

  it('when the counter did not grow: it may be a copy', async () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const passkey = await signIn(device, await register(device), { counter: 10 });
    for (const counter of [0, 9, 10]) {
      await expect(signIn(device, passkey, { counter })).rejects.toMatchObject(REFUSED);
    }
    expect(await signIn(device, passkey, { counter: 11 })).toMatchObject({ counter: 11 });
  });

  it('with a good signature under another id', async () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const passkey = await register(device);
    await expect(signIn(device, { ...passkey, id: 'AAAA' })).rejects.toMatchObject(REFUSED);
  });

  it('with the passkey of somebody else', async () => {
    const bob = new SoftwareAuthenticator(ORIGIN);
    const passkey = await register(bob);
    const eve = new SoftwareAuthenticator(ORIGIN);
    await expect(signIn(eve, passkey)).rejects.toMatchObject(REFUSED);
    const { challenge } = await passkeys.authenticationOptions();
    const id = passkey.id;
    const response = { ...eve.get(challenge), id, rawId: id };
    await expect(passkeys.verifyAuthentication({ challenge, response, passkey, uid: 'bob' })).rejects.toMatchObject(
      REFUSED,
    );
  });
});

describe('the id of a response', () => {
  it('is told before anything is verified, and only if there is one', () => {
    const device = new SoftwareAuthenticator(ORIGIN);
    const good = device.get('abc');
    expect(passkeys.passkeyId(good)).toBe(device.id.toString('base64url'));
    for (const body of [
      null,
      {},
      { ...good, id: '../x' },
      { ...good, id: 'A'.repeat(2000), rawId: 'A'.repeat(2000) },
    ]) {
      expect(passkeys.passkeyId(body)).toBeNull();
    }
  });
});

describe('the site of passkeys', () => {
  it.each(['http://chat.example', 'https://192.0.2.1', 'https://[2001:db8::1]', 'ftp://localhost'])(
    'is not %s',
    (url) => {
      const create = (): unknown => createPasskeys({ name: 'Chat', publicUrl: new URL(url) });
      expect(create).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    },
  );

  it('may be localhost, for development', async () => {
    const local = createPasskeys({ name: 'Chat', publicUrl: new URL('http://localhost:5000') });
    const { challenge } = await local.registrationOptions(BOB);
    const response = new SoftwareAuthenticator('http://localhost:5000').create(challenge);
    expect(await local.verifyRegistration({ challenge, response })).toMatchObject({ counter: 0 });
  });
});
