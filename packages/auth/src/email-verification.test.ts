import { describe, expect, it } from 'vitest';
import { createAuthFixture, HOME, linkIn, PASSWORD, refusal, SERVER, signedIn } from './testing/auth-fixture.js';

const EXPIRED = { code: 'expired', message: 'This link or code is no longer valid' };

describe('verifying an address', () => {
  it('works by the link that is mailed at sign-up, once', async () => {
    const { auth, signUp, mails, mailedToken, principal } = await createAuthFixture();
    const made = await signUp('bob');
    const token = await mailedToken();
    expect(linkIn(mails.at(-1)).pathname).toBe('/base/auth/verify');
    await auth.signIn.verifyEmail({ token }, HOME);
    expect(await principal(made)).toMatchObject({ claims: { email_verified: true } });
    expect(await refusal(auth.signIn.verifyEmail({ token }, HOME))).toEqual(EXPIRED);
  });

  it('can be asked for again, unless it is done', async () => {
    const { auth, signUp, mails, mailedToken, principal } = await createAuthFixture();
    const actor = await principal(await signUp('bob'));
    await auth.account.requestVerification(actor, HOME);
    await auth.signIn.verifyEmail({ token: await mailedToken() }, HOME);
    const sent = mails.length;
    await auth.account.requestVerification(actor, HOME);
    await auth.settled();
    expect(mails).toHaveLength(sent);
  });

  it('is void once the account has another address or password', async () => {
    const { auth, signUp, mailedToken } = await createAuthFixture();
    const { user } = await signUp('bob');
    const first = await mailedToken();
    await auth.users.update(SERVER, user.uid, { email: 'rob@example.org' });
    expect(await refusal(auth.signIn.verifyEmail({ token: first }, HOME))).toEqual(EXPIRED);
    expect((await auth.users.get(SERVER, user.uid)).emailVerified).toBe(false);
  });
});

describe('changing an address', () => {
  const setUp = async () => {
    const fixture = await createAuthFixture();
    const made = await fixture.signUp('bob');
    return { ...fixture, uid: made.user.uid, actor: await fixture.principal(made) };
  };

  it('takes effect when the link to the new one is followed; the old one is told', async () => {
    const { auth, actor, uid, mails, mailedToken, login } = await setUp();
    await auth.account.changeEmail(actor, { email: 'New@example.org', password: PASSWORD }, HOME);
    const token = await mailedToken();
    expect(mails.at(-1)?.to).toBe('new@example.org');
    expect((await auth.users.get(SERVER, uid)).email).toBe('bob@example.org');
    await auth.signIn.verifyEmail({ token }, HOME);
    expect(await auth.users.get(SERVER, uid)).toMatchObject({ email: 'new@example.org', emailVerified: true });
    expect(signedIn(await login('new@example.org')).user.uid).toBe(uid);
    expect(await refusal(login('bob@example.org'))).toMatchObject({ code: 'unauthenticated' });
    await auth.settled();
    expect(mails.at(-1)).toMatchObject({ to: 'bob@example.org', subject: expect.stringContaining('was changed') });
  });

  it('wants the password', async () => {
    const { auth, actor, mails } = await setUp();
    await auth.settled();
    const sent = mails.length;
    const email = 'new@example.org';
    expect(await refusal(auth.account.changeEmail(actor, { email }, HOME))).toMatchObject({
      code: 'reauthentication-required',
    });
    const wrong = auth.account.changeEmail(actor, { email, password: 'wrong password' }, HOME);
    expect(await refusal(wrong)).toMatchObject({ code: 'unauthenticated' });
    await auth.settled();
    expect(mails).toHaveLength(sent);
  });

  it('takes the address from who merely claims it, not from who verified it', async () => {
    const { auth, actor, signUp, uid, mailedToken } = await setUp();
    const { user: carol } = await signUp('carol');
    const change = async (): Promise<string> => {
      await auth.account.changeEmail(actor, { email: 'carol@example.org', password: PASSWORD }, HOME);
      return mailedToken();
    };
    await auth.users.update(SERVER, carol.uid, { emailVerified: true });
    const refused = auth.signIn.verifyEmail({ token: await change() }, HOME);
    expect(await refusal(refused)).toMatchObject({ code: 'email-in-use' });
    await auth.users.update(SERVER, carol.uid, { emailVerified: false });
    await auth.signIn.verifyEmail({ token: await change() }, HOME);
    expect((await auth.users.get(SERVER, uid)).email).toBe('carol@example.org');
    expect((await auth.users.get(SERVER, carol.uid)).email).toBeNull();
  });
});
