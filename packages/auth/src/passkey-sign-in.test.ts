import type { Principal } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import type { Auth } from './auth.js';
import type { PasskeyApi, PasskeyCeremony, PasskeyInfo } from './passkey-api.js';
import type { SignedIn } from './sign-in-api.js';
import { createAuthFixture, HOME, PASSWORD, refusal, SERVER } from './testing/auth-fixture.js';
import { SoftwareAuthenticator } from './testing/software-authenticator.js';

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

async function bob() {
  const fixture = await createAuthFixture();
  const made = await fixture.signUp('bob');
  const device = new SoftwareAuthenticator('https://app.example.org');
  return { ...fixture, made, device, actor: await fixture.principal(made), passkeys: passkeysOf(fixture.auth) };
}

function passkeysOf({ passkeys }: Auth): PasskeyApi {
  if (passkeys === null) throw new Error('there are no passkeys');
  return passkeys;
}

function challengeOf({ options }: PasskeyCeremony): string {
  return (options as { challenge: string }).challenge;
}

async function register(passkeys: PasskeyApi, actor: Principal, device: SoftwareAuthenticator): Promise<PasskeyInfo> {
  const begun = await passkeys.startRegistration(actor, { password: PASSWORD }, HOME);
  const response = device.create(challengeOf(begun));
  return passkeys.finishRegistration(actor, { ceremony: begun.ceremony, response, label: 'Key' }, HOME);
}

async function signIn(passkeys: PasskeyApi, device: SoftwareAuthenticator): Promise<SignedIn> {
  const begun = await passkeys.startSignIn(HOME);
  return passkeys.finishSignIn({ ceremony: begun.ceremony, response: device.get(challengeOf(begun)) }, HOME);
}

describe('a passkey', () => {
  it('is registered by its owner and signs in', async () => {
    const { auth, passkeys, actor, device, made, principal } = await bob();
    const info = await register(passkeys, actor, device);
    expect(info).toMatchObject({ label: 'Key' });
    expect(await passkeys.list(actor)).toEqual([info]);
    for (let i = 0; i < 2; i++) {
      const result = await signIn(passkeys, device);
      expect(await principal(result)).toMatchObject({ uid: made.user.uid, provider: 'passkey' });
    }
    expect(auth.ways.passkeys).toBe(true);
  });

  it('is registered only given the password, and once', async () => {
    const { passkeys, actor, device } = await bob();
    const without = passkeys.startRegistration(actor, {}, HOME);
    expect(await refusal(without)).toMatchObject({ code: 'reauthentication-required' });
    await register(passkeys, actor, device);
    await register(passkeys, actor, device);
    expect(await passkeys.list(actor)).toHaveLength(1);
  });

  it('of one account cannot be registered with another', async () => {
    const { passkeys, actor, device, signUp, principal } = await bob();
    await register(passkeys, actor, device);
    const eve = await principal(await signUp('eve'));
    expect(await refusal(register(passkeys, eve, device))).toMatchObject({ code: 'precondition-failed' });
  });

  it('takes each ceremony once, for what it was begun, and by whom', async () => {
    const { passkeys, actor, device, signUp, principal } = await bob();
    const begun = await passkeys.startRegistration(actor, { password: PASSWORD }, HOME);
    const eve = await principal(await signUp('eve'));
    const request = { ceremony: begun.ceremony, response: device.create(challengeOf(begun)) };
    expect(await refusal(passkeys.finishRegistration(eve, request, HOME))).toMatchObject({ code: 'expired' });
    expect(await refusal(passkeys.finishRegistration(actor, request, HOME))).toMatchObject({ code: 'expired' });
    await register(passkeys, actor, device);
    const start = await passkeys.startSignIn(HOME);
    const proof = { ceremony: start.ceremony, response: device.get(challengeOf(start)) };
    await passkeys.finishSignIn(proof, HOME);
    expect(await refusal(passkeys.finishSignIn(proof, HOME))).toMatchObject({ code: 'expired' });
  });

  it('that is unknown, of a disabled account, or wrongly signed is refused in the words of everybody else', async () => {
    const { auth, passkeys, actor, device, made } = await bob();
    expect(await refusal(signIn(passkeys, device))).toEqual(REFUSED);
    await register(passkeys, actor, device);
    const begun = await passkeys.startSignIn(HOME);
    const other = { ceremony: begun.ceremony, response: device.get('another challenge') };
    expect(await refusal(passkeys.finishSignIn(other, HOME))).toEqual(REFUSED);
    const nonsense = { ceremony: (await passkeys.startSignIn(HOME)).ceremony, response: { id: 7 } };
    expect(await refusal(passkeys.finishSignIn(nonsense, HOME))).toEqual(REFUSED);
    await auth.users.update(SERVER, made.user.uid, { disabled: true });
    expect(await refusal(signIn(passkeys, device))).toEqual(REFUSED);
  });

  it('is removed by its owner, unless it is the only way in', async () => {
    const { auth, passkeys, actor, device, made, tree } = await bob();
    const { id } = await register(passkeys, actor, device);
    await passkeys.remove(actor, { id, password: PASSWORD }, HOME);
    expect(await refusal(signIn(passkeys, device))).toEqual(REFUSED);
    const again = passkeys.remove(actor, { id, password: PASSWORD }, HOME);
    expect(await refusal(again)).toMatchObject({ code: 'not-found' });
    await register(passkeys, actor, device);
    await tree.update([{ path: ['secrets', made.user.uid, 'password'], value: null }]);
    expect(await refusal(passkeys.remove(actor, { id }, HOME))).toMatchObject({ code: 'precondition-failed' });
    await auth.users.delete(SERVER, made.user.uid);
    expect(tree.read(['passkeys'])).toBeNull();
  });

  it('is not offered where browsers have none', async () => {
    for (const url of ['http://app.example.org', 'https://127.0.0.1', 'http://[::1]:5000']) {
      const { auth } = await createAuthFixture({}, { publicUrl: new URL(url) });
      expect(auth.passkeys).toBeNull();
    }
  });
});
