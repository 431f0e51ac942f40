import { describe, expect, it } from 'vitest';
import {
  authenticateByPassword,
  createAuthFixture,
  HOME,
  linkIn,
  refusal,
  SERVER,
  signedIn,
} from './testing/auth-fixture.js';

const NEXT = 'another good passphrase';
const EXPIRED = { code: 'expired', message: 'This link or code is no longer valid' };

describe('resetting a password', () => {
  it('works by the link in a mail, once, and ends all sessions', async () => {
    const { auth, signUp, login, principal, mails, mailedToken } = await createAuthFixture();
    const before = await signUp('bob');
    await auth.signIn.requestReset({ login: 'BOB' }, HOME);
    const token = await mailedToken();
    expect(mails.at(-1)).toMatchObject({ to: 'bob@example.org' });
    expect(linkIn(mails.at(-1)).href).toBe(`https://app.example.org/base/auth/reset#token=${token}`);
    await auth.signIn.reset({ token, password: NEXT }, HOME);
    expect(await refusal(principal(before))).toMatchObject({ code: 'unauthenticated' });
    const refresh = auth.signIn.refresh({ refreshToken: before.refreshToken }, HOME);
    expect(await refusal(refresh)).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(login('bob'))).toMatchObject({ code: 'unauthenticated' });
    expect(signedIn(await login('bob', NEXT)).user.emailVerified).toBe(true);
    expect(await refusal(auth.signIn.reset({ token, password: NEXT }, HOME))).toEqual(EXPIRED);
    await auth.settled();
    expect(mails.at(-1)?.subject).toMatch(/was changed/);
  });

  it('answers the same for who does not exist, and mails nobody', async () => {
    const { auth, signUp, mails } = await createAuthFixture();
    await auth.users.create(SERVER, { username: 'nomail' });
    const { user } = await signUp('bob');
    await auth.users.update(SERVER, user.uid, { disabled: true });
    await auth.settled();
    const sent = mails.length;
    for (const login of ['nobody', 'nobody@example.org', 'nomail', 'bob', 'a/b', '__proto__', 'x'.repeat(400)]) {
      expect(await auth.signIn.requestReset({ login }, HOME)).toBeUndefined();
    }
    await auth.settled();
    expect(mails).toHaveLength(sent);
  });

  it('mails the address of the account, never the one that was typed', async () => {
    const { auth, signUp, mails } = await createAuthFixture();
    await signUp('mike');
    await auth.signIn.requestReset({ login: 'MI\u212AE@example.org' }, HOME);
    await auth.settled();
    expect(mails.at(-1)?.to).toBe('mike@example.org');
  });

  it('is void once the password was changed otherwise, the address was, or an hour has passed', async () => {
    const { auth, signUp, mailedToken, clock } = await createAuthFixture();
    const { user } = await signUp('bob');
    const request = async (): Promise<string> => {
      clock.time += 3_600_000;
      await auth.signIn.requestReset({ login: 'bob' }, HOME);
      return mailedToken();
    };
    const changes = [
      () => auth.users.update(SERVER, user.uid, { password: 'set by an admin' }),
      () => auth.users.update(SERVER, user.uid, { email: 'robert@example.org' }),
      () => auth.users.revokeSessions(SERVER, user.uid),
      async () => {
        clock.time += 3_600_000;
      },
    ];
    for (const change of changes) {
      const token = await request();
      await change();
      expect(await refusal(auth.signIn.reset({ token, password: NEXT }, HOME))).toEqual(EXPIRED);
    }
    await auth.signIn.reset({ token: await request(), password: NEXT }, HOME);
  });

  it('with a weak password does not cost the link', async () => {
    const { auth, signUp, mailedToken } = await createAuthFixture();
    await signUp('bob');
    await auth.signIn.requestReset({ login: 'bob' }, HOME);
    const token = await mailedToken();
    const weak = await refusal(auth.signIn.reset({ token, password: 'short' }, HOME));
    expect(weak).toMatchObject({ code: 'weak-password' });
    await auth.signIn.reset({ token, password: NEXT }, HOME);
  });

  it('cannot be done twice at once', async () => {
    const { auth, signUp, mailedToken } = await createAuthFixture();
    await signUp('bob');
    await auth.signIn.requestReset({ login: 'bob' }, HOME);
    const token = await mailedToken();
    const outcomes = await Promise.allSettled(
      ['first new phrase', 'second new phrase'].map((password) => auth.signIn.reset({ token, password }, HOME)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('by tokens made for something else does not work', async () => {
    const { auth, signUp, mailedToken } = await createAuthFixture();
    await signUp('bob');
    const verify = await mailedToken();
    for (const token of [verify, '', 'x', 'A'.repeat(43), '../keys']) {
      expect(await refusal(auth.signIn.reset({ token, password: NEXT }, HOME))).toEqual(EXPIRED);
    }
    await auth.signIn.verifyEmail({ token: verify }, HOME);
  });

  it('takes away what somebody else attached to an address that was never verified', async () => {
    const { auth, signUp, principal, mailedToken, tree } = await createAuthFixture();
    const squatter = await signUp('bob');
    await auth.secondFactor.enrol(await principal(squatter), { password: 'correct horse battery' }, HOME);
    await auth.signIn.requestReset({ login: 'bob@example.org' }, HOME);
    await auth.signIn.reset({ token: await mailedToken(), password: NEXT }, HOME);
    expect(tree.read(['secrets', squatter.user.uid])).toEqual({ password: expect.any(String) });
    expect(await authenticateByPassword(auth, 'bob', NEXT)).toMatchObject({ kind: 'user' });
  });

  it('mails so much about one login and no more, wherever it is asked from', async () => {
    const { auth, signUp, mails } = await createAuthFixture();
    await signUp('bob');
    await auth.settled();
    const sent = mails.length;
    let refused = 0;
    for (let i = 0; i < 20; i++) {
      const asked = auth.signIn.requestReset({ login: 'bob' }, { address: `198.51.100.${i}` });
      await asked.catch(() => refused++);
    }
    await auth.settled();
    expect(mails.length - sent).toBe(3);
    expect(refused).toBe(17);
  });

  it('by an admin ends sessions, removes the second factor and gives a token', async () => {
    const { auth, signUp, login, principal } = await createAuthFixture();
    const before = await signUp('bob');
    const { token } = await auth.users.reset(SERVER, before.user.uid);
    expect(await refusal(principal(before))).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(login('bob'))).toMatchObject({ code: 'unauthenticated' });
    await auth.signIn.reset({ token: token ?? '', password: NEXT }, HOME);
    expect(signedIn(await login('bob', NEXT)).user).toMatchObject({ emailVerified: false });
  });
});
