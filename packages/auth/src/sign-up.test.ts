import { describe, expect, it } from 'vitest';
import { authenticate, createAuthFixture, HOME, PASSWORD, refusal, signedIn } from './testing/auth-fixture.js';

describe('signing up', () => {
  it('makes an account that is signed in', async () => {
    const { auth, principal, clock } = await createAuthFixture();
    const made = await auth.signIn.signUp({ email: 'Bob@Example.org', password: PASSWORD, displayName: ' Bob ' }, HOME);
    expect(made.user).toMatchObject({
      email: 'bob@example.org',
      emailVerified: false,
      displayName: 'Bob',
      providers: ['password'],
      admin: false,
      anonymous: false,
      claims: {},
      signedInAt: clock.time,
    });
    expect(await principal(made)).toEqual({
      kind: 'user',
      uid: made.user.uid,
      provider: 'password',
      session: made.session.id,
      expiresAt: made.accessExpiresAt,
      claims: {
        sub: made.user.uid,
        email: 'bob@example.org',
        email_verified: false,
        name: 'Bob',
        firebase: { sign_in_provider: 'password', identities: {} },
      },
    });
  });

  it.each([
    [{ email: 'BOB@example.org', password: PASSWORD }, 'email-in-use'],
    [{ username: 'ＢＯＢ', password: PASSWORD }, 'username-in-use'],
    [{ username: 'alice', password: 'short' }, 'weak-password'],
    [{ username: 'alice-the-great', password: 'alice-the-great' }, 'weak-password'],
    [{ username: '__proto__', password: PASSWORD }, 'invalid-data'],
    [{ username: 'a/b/c', password: PASSWORD }, 'invalid-data'],
    [{ password: PASSWORD }, 'invalid-data'],
  ])('with %j is refused: %s', async (request, code) => {
    const { auth, signUp, tree } = await createAuthFixture();
    await signUp('bob');
    expect(await refusal(auth.signIn.signUp(request, HOME))).toMatchObject({ code });
    expect(tree.keys(['accounts'])).toHaveLength(1);
  });

  it('is refused where it is closed, which is the default', async () => {
    const { auth } = await createAuthFixture({ signUp: undefined as never, anonymous: false });
    expect(auth.ways).toMatchObject({ signUp: false, anonymous: false });
    const request = { username: 'alice', password: PASSWORD };
    expect(await refusal(auth.signIn.signUp(request, HOME))).toMatchObject({ code: 'permission-denied' });
    expect(await refusal(auth.signIn.anonymous(HOME))).toMatchObject({ code: 'permission-denied' });
  });

  it('leaves no password anywhere but as a hash', async () => {
    const { signUp, tree } = await createAuthFixture();
    const { user, refreshToken, accessToken } = await signUp('bob');
    const everything = JSON.stringify(tree.read([]));
    expect(everything).not.toContain(PASSWORD);
    expect(everything).not.toContain(refreshToken);
    expect(everything).not.toContain(accessToken);
    expect(tree.read(['secrets', user.uid, 'password'])).toMatch(/^h1:\$2b\$10\$/);
  });

  it('is slowed down from an address that makes very many accounts', async () => {
    const { auth } = await createAuthFixture();
    for (let i = 0; i < 200; i++) await auth.signIn.anonymous(HOME);
    const late = await refusal(auth.signIn.anonymous(HOME));
    expect(late.code).toBe('rate-limited');
    await auth.signIn.anonymous({ address: '198.51.100.7' });
  });
});

describe('an anonymous account', () => {
  it('becomes a full one and keeps its uid and session', async () => {
    const { auth, principal, login } = await createAuthFixture();
    const nobody = await auth.signIn.anonymous(HOME);
    const actor = await principal(nobody);
    expect(actor).toMatchObject({ provider: 'anonymous' });
    const full = await auth.signIn.upgrade(actor, { username: 'bob', password: PASSWORD }, HOME);
    expect(full.user).toMatchObject({ uid: nobody.user.uid, anonymous: false, providers: ['password'] });
    expect(full.session.id).toBe(nobody.session.id);
    expect(await principal(full)).toMatchObject({ provider: 'password' });
    expect(signedIn(await login('bob')).user.uid).toBe(nobody.user.uid);
  });

  it('is upgraded once, and not to a name that is taken', async () => {
    const { auth, signUp, principal } = await createAuthFixture();
    await signUp('alice');
    const actor = await principal(await auth.signIn.anonymous(HOME));
    const taken = auth.signIn.upgrade(actor, { username: 'alice', password: PASSWORD }, HOME);
    expect(await refusal(taken)).toMatchObject({ code: 'username-in-use' });
    await auth.signIn.upgrade(actor, { username: 'bob', password: PASSWORD }, HOME);
    const again = auth.signIn.upgrade(actor, { username: 'carol', password: PASSWORD }, HOME);
    expect(await refusal(again)).toMatchObject({ code: 'precondition-failed' });
  });

  it('gives its old refresh token up when it is upgraded: a token set before stays no way in', async () => {
    const { auth, principal } = await createAuthFixture();
    const before = await auth.signIn.anonymous(HOME);
    const full = await auth.signIn.upgrade(await principal(before), { username: 'bob', password: PASSWORD }, HOME);
    const old = auth.signIn.refresh({ refreshToken: before.refreshToken }, HOME);
    expect(await refusal(old)).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(authenticate(auth, full.accessToken))).toMatchObject({ code: 'unauthenticated' });
  });
});
