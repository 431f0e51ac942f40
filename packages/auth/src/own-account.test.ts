import { describe, expect, it } from 'vitest';
import {
  authenticateByPassword,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
  SERVER,
  signedIn,
} from './testing/auth-fixture.js';

const NEXT = 'another good passphrase';
const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

async function bob() {
  const fixture = await createAuthFixture();
  const made = await fixture.signUp('bob');
  return { ...fixture, made, actor: await fixture.principal(made) };
}

describe('the own account', () => {
  it('is managed by a session, not by a password on a connection, nor by nobody', async () => {
    const { auth, actor } = await bob();
    expect(await auth.account.me(actor)).toMatchObject({ username: 'bob' });
    expect(await refusal(auth.account.me({ kind: 'nobody' }))).toEqual(REFUSED);
    expect(await refusal(auth.account.me(SERVER))).toEqual(REFUSED);
    const direct = await authenticateByPassword(auth, 'bob', PASSWORD);
    expect(await refusal(auth.account.me(direct))).toEqual(REFUSED);
  });

  it('shows no secret', async () => {
    const { auth, actor } = await bob();
    const shown = JSON.stringify([await auth.account.me(actor), await auth.account.sessions(actor)]);
    expect(shown).not.toMatch(/h1:|hash|seal|generation|version/i);
  });

  it('is renamed', async () => {
    const { auth, actor } = await bob();
    expect((await auth.account.update(actor, { displayName: ' B\u202eob ' })).displayName).toBe('Bob');
    expect((await auth.account.update(actor, {})).displayName).toBe('Bob');
    expect((await auth.account.update(actor, { displayName: null })).displayName).toBeNull();
  });

  it('gets another password given the present one, and all other sessions end', async () => {
    const { auth, actor, made, login, principal } = await bob();
    const other = signedIn(await login('bob'));
    const fresh = await auth.account.changePassword(actor, { current: PASSWORD, next: NEXT }, HOME);
    expect(await principal(fresh)).toMatchObject({ kind: 'user' });
    expect(fresh.session.id).not.toBe(made.session.id);
    for (const old of [made, other]) expect(await refusal(principal(old))).toEqual(REFUSED);
    expect(await refusal(login('bob'))).toEqual(REFUSED);
    await login('bob', NEXT);
  });

  it.each([
    [{ next: NEXT }, 'reauthentication-required'],
    [{ current: 'wrong password', next: NEXT }, 'unauthenticated'],
    [{ current: PASSWORD, next: 'short' }, 'weak-password'],
    [{ current: PASSWORD, next: 'bob@example.org' }, 'weak-password'],
  ])('does not change its password with %j: %s', async (request, code) => {
    const { auth, actor, login } = await bob();
    expect(await refusal(auth.account.changePassword(actor, request, HOME))).toMatchObject({ code });
    await login('bob');
  });

  it('does not let a stolen session guess the password', async () => {
    const { auth, actor } = await bob();
    const codes: unknown[] = [];
    for (let i = 0; i < 12; i++) {
      const guess = auth.account.changePassword(actor, { current: `guess ${i}`, next: NEXT }, HOME);
      codes.push((await refusal(guess)).code);
    }
    expect(codes.slice(-2)).toEqual(['rate-limited', 'rate-limited']);
  });

  it('without a password wants a fresh session instead', async () => {
    const { auth, principal, clock, signUp } = await createAuthFixture();
    const { user } = await signUp('bob');
    await auth.users.reset(SERVER, user.uid);
    const issued = await auth.users.issue(SERVER, { uid: user.uid });
    const actor = await principal(issued);
    clock.time += 600_001;
    const late = auth.account.changePassword(actor, { next: NEXT }, HOME);
    expect(await refusal(late)).toMatchObject({ code: 'reauthentication-required' });
    clock.time -= 1;
    await auth.account.changePassword(actor, { next: NEXT }, HOME);
  });

  it('lists its sessions, the last used first, and ends them one by one', async () => {
    const { auth, actor, made, clock, principal } = await bob();
    clock.time += 1000;
    const phone = { address: '203.0.113.5', label: 'Phone\n' };
    const other = signedIn(await auth.signIn.password({ login: 'bob', password: PASSWORD }, phone));
    expect(await auth.account.sessions(actor)).toEqual([
      { ...other.session, label: 'Phone', address: '203.0.113.5', current: false },
      { ...made.session, label: 'test', current: true },
    ]);
    await auth.account.revokeSession(actor, other.session.id, HOME);
    expect(await refusal(principal(other))).toEqual(REFUSED);
    const again = auth.account.revokeSession(actor, other.session.id, HOME);
    expect(await refusal(again)).toMatchObject({ code: 'not-found' });
    expect(await auth.account.sessions(actor)).toHaveLength(1);
  });

  it('cannot end sessions of others', async () => {
    const { auth, actor, signUp, principal } = await bob();
    const eve = await signUp('eve');
    for (const id of [eve.session.id, '__proto__', 'a/b', '']) {
      expect(await refusal(auth.account.revokeSession(actor, id, HOME))).toMatchObject({ code: 'not-found' });
    }
    await principal(eve);
  });

  it('ends all other sessions at once', async () => {
    const { auth, actor, made, login, principal } = await bob();
    const others = [signedIn(await login('bob')), signedIn(await login('bob'))];
    await auth.account.revokeOtherSessions(actor, HOME);
    for (const other of others) expect(await refusal(principal(other))).toEqual(REFUSED);
    await principal(made);
    await auth.signIn.refresh({ refreshToken: made.refreshToken }, HOME);
  });

  it('is deleted by its owner, given the password', async () => {
    const { auth, actor, login } = await bob();
    const wrong = auth.account.delete(actor, { password: 'wrong password' }, HOME);
    expect(await refusal(wrong)).toEqual(REFUSED);
    await auth.account.delete(actor, { password: PASSWORD }, HOME);
    expect(await refusal(login('bob'))).toEqual(REFUSED);
    expect(await refusal(auth.account.me(actor))).toEqual(REFUSED);
  });
});
