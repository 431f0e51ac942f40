import { TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import {
  type AuthFixture,
  authenticateByPassword,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
} from './testing/auth-fixture.js';

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

/** Bob with a second factor in force. `code` is that of the present moment. */
async function withSecondFactor(): Promise<
  AuthFixture & { code: () => string; recoveryCodes: readonly string[]; challenge: () => Promise<string> }
> {
  const fixture = await createAuthFixture();
  const { auth, clock } = fixture;
  const actor = await fixture.principal(await fixture.signUp('bob'));
  const { secret } = await auth.secondFactor.enrol(actor, { password: PASSWORD }, HOME);
  const code = (): string => new TOTP({ secret }).generate({ timestamp: clock.time });
  const { recoveryCodes } = await auth.secondFactor.confirm(actor, { code: code() }, HOME);
  clock.time += 30_000;
  const challenge = async (): Promise<string> => {
    const result = await fixture.login('bob');
    return result.kind === 'second-factor-required' ? result.challenge : '';
  };
  return { ...fixture, code, recoveryCodes, challenge };
}

describe('a second factor', () => {
  it('is wanted at sign-in once it is confirmed', async () => {
    const { auth, challenge, code, principal } = await withSecondFactor();
    const result = await auth.signIn.secondFactor({ challenge: await challenge(), code: code() }, HOME);
    expect(result.user).toMatchObject({ username: 'bob', secondFactor: true });
    expect(await principal(result)).toMatchObject({ kind: 'user', provider: 'password' });
  });

  it('is not in force before a code was shown', async () => {
    const { auth, signUp, principal, login } = await createAuthFixture();
    const actor = await principal(await signUp('bob'));
    await auth.secondFactor.enrol(actor, { password: PASSWORD }, HOME);
    expect(await refusal(auth.secondFactor.confirm(actor, { code: '000000' }, HOME))).toEqual(REFUSED);
    expect((await login('bob')).kind).toBe('signed-in');
  });

  it('ends other sessions and one-factor connections when it comes into force', async () => {
    const { auth, signUp, principal, login, clock } = await createAuthFixture();
    const actor = await principal(await signUp('bob'));
    const other = await login('bob');
    const { secret } = await auth.secondFactor.enrol(actor, { password: PASSWORD }, HOME);
    const code = new TOTP({ secret }).generate({ timestamp: clock.time });
    await auth.secondFactor.confirm(actor, { code }, HOME);
    expect(await refusal(principal(other as never))).toEqual(REFUSED);
    expect((await auth.account.me(actor)).secondFactor).toBe(true);
  });

  it('keeps a password alone from opening a connection', async () => {
    const { auth } = await withSecondFactor();
    const connect = authenticateByPassword(auth, 'bob', PASSWORD);
    expect(await refusal(connect)).toMatchObject({ code: 'second-factor-required' });
    expect(await refusal(authenticateByPassword(auth, 'bob', 'wrong password'))).toEqual(REFUSED);
  });

  it('takes each code once', async () => {
    const { auth, challenge, code } = await withSecondFactor();
    const used = code();
    await auth.signIn.secondFactor({ challenge: await challenge(), code: used }, HOME);
    const again = auth.signIn.secondFactor({ challenge: await challenge(), code: used }, HOME);
    expect(await refusal(again)).toEqual(REFUSED);
  });

  it('takes one code once even of many at once', async () => {
    const { auth, challenge, code } = await withSecondFactor();
    const challenges = [await challenge(), await challenge(), await challenge()];
    const outcomes = await Promise.allSettled(
      challenges.map((each) => auth.signIn.secondFactor({ challenge: each, code: code() }, HOME)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('takes a recovery code instead, once', async () => {
    const { auth, challenge, recoveryCodes } = await withSecondFactor();
    const [code = ''] = recoveryCodes;
    await auth.signIn.secondFactor({ challenge: await challenge(), code: code.toLowerCase() }, HOME);
    const again = auth.signIn.secondFactor({ challenge: await challenge(), code }, HOME);
    expect(await refusal(again)).toEqual(REFUSED);
  });

  it('ends a challenge with its use, its fifth wrong code, or five minutes', async () => {
    const { auth, challenge, code, clock } = await withSecondFactor();
    const expired = async (ended: string): Promise<void> => {
      const late = auth.signIn.secondFactor({ challenge: ended, code: code() }, HOME);
      expect(await refusal(late)).toMatchObject({ code: 'expired' });
    };
    const used = await challenge();
    await auth.signIn.secondFactor({ challenge: used, code: code() }, HOME);
    await expired(used);
    const guessed = await challenge();
    for (let i = 0; i < 5; i++) {
      const wrong = auth.signIn.secondFactor({ challenge: guessed, code: `00000${i}` }, HOME);
      expect(await refusal(wrong)).toEqual(REFUSED);
    }
    await expired(guessed);
    const old = await challenge();
    clock.time += 300_000;
    await expired(old);
    await expired('A'.repeat(43));
  });

  it('is slowed down for who guesses codes, over all challenges', async () => {
    const { auth, challenge } = await withSecondFactor();
    const codes: unknown[] = [];
    for (let i = 0; i < 15; i++) {
      const wrong = auth.signIn.secondFactor({ challenge: await challenge(), code: '000000' }, HOME);
      codes.push((await refusal(wrong)).code);
    }
    expect(codes.slice(10)).toEqual(Array(5).fill('rate-limited'));
  });

  it('is put away with password and code, not with one of them', async () => {
    const { auth, challenge, code, clock, principal, login } = await withSecondFactor();
    const result = await auth.signIn.secondFactor({ challenge: await challenge(), code: code() }, HOME);
    const actor = await principal(result);
    clock.time += 30_000;
    const without = auth.secondFactor.disable(actor, { code: code() }, HOME);
    expect(await refusal(without)).toMatchObject({ code: 'reauthentication-required' });
    const wrong = auth.secondFactor.disable(actor, { password: PASSWORD, code: '000000' }, HOME);
    expect(await refusal(wrong)).toEqual(REFUSED);
    await auth.secondFactor.disable(actor, { password: PASSWORD, code: code() }, HOME);
    expect((await login('bob')).kind).toBe('signed-in');
  });

  it('is not lost with a password reset of a verified account', async () => {
    const { auth, mailedToken, login } = await withSecondFactor();
    await auth.signIn.verifyEmail({ token: await mailedToken() }, HOME).catch(() => undefined);
    const [user] = (await auth.users.list({ kind: 'admin' })).users;
    await auth.users.update({ kind: 'admin' }, user!.uid, { emailVerified: true });
    await auth.signIn.requestReset({ login: 'bob' }, HOME);
    await auth.signIn.reset({ token: await mailedToken(), password: 'another good passphrase' }, HOME);
    expect((await login('bob', 'another good passphrase')).kind).toBe('second-factor-required');
  });
});
