import { describe, expect, it } from 'vitest';
import { authenticate, createAuthFixture, HOME, refusal } from './testing/auth-fixture.js';
import { LaggingTree } from './testing/lagging-tree.js';

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };
const ATTEMPT = 'a-secret-of-this-refresh';

describe('refreshing a session', () => {
  it('gives new tokens for the same session', async () => {
    const { auth, signUp, principal, clock } = await createAuthFixture();
    const first = await signUp('bob');
    clock.time += 60_000;
    const second = await auth.signIn.refresh({ refreshToken: first.refreshToken }, { address: '203.0.113.9' });
    expect(second.session).toMatchObject({ id: first.session.id, usedAt: clock.time, address: '203.0.113.9' });
    expect(second.accessExpiresAt).toBe(first.accessExpiresAt + 60_000);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await principal(second)).toMatchObject({ uid: first.user.uid });
    expect(await principal(first)).toMatchObject({ uid: first.user.uid });
  });

  it('ends the session when a used token comes again, however old', async () => {
    for (const age of [1, 2, 5]) {
      const { auth, signUp } = await createAuthFixture();
      const tokens = [(await signUp('bob')).refreshToken];
      let accessToken = '';
      for (let i = 0; i < age; i++) {
        const next = await auth.signIn.refresh({ refreshToken: tokens.at(-1)! }, HOME);
        tokens.push(next.refreshToken);
        accessToken = next.accessToken;
      }
      expect(await refusal(auth.signIn.refresh({ refreshToken: tokens[0]! }, HOME))).toEqual(REFUSED);
      expect(await refusal(auth.signIn.refresh({ refreshToken: tokens.at(-1)! }, HOME))).toEqual(REFUSED);
      expect(await refusal(authenticate(auth, accessToken))).toEqual(REFUSED);
    }
  });

  it('does not end the session for a guess, though it name the session', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const [session, nonce, seal] = refreshToken.split('.') as [string, string, string];
    const other = 'A'.repeat(43);
    for (const guess of [
      `${session}.${other}.${seal}`,
      `${session}.${nonce}.${other}`,
      session,
      `${session}.x.y`,
      '',
    ]) {
      expect(await refusal(auth.signIn.refresh({ refreshToken: guess }, HOME))).toEqual(REFUSED);
    }
    await auth.signIn.refresh({ refreshToken }, HOME);
  });

  it('of several at once lets one through, and takes the rest for copies', async () => {
    const { auth, signUp, connect, tree } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const other = await connect(new LaggingTree(tree));
    const outcomes = await Promise.allSettled(
      [auth, other, auth, other].map((node) => node.signIn.refresh({ refreshToken }, HOME)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
    expect(tree.keys(['sessions'])).toEqual([]);
  });

  it('does not take a token that another node gave out for a copy', async () => {
    const { auth, signUp, connect, tree } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const other = await connect(new LaggingTree(tree));
    const second = await auth.signIn.refresh({ refreshToken }, HOME);
    const third = await other.signIn.refresh({ refreshToken: second.refreshToken }, HOME);
    expect(third.session.id).toBe(second.session.id);
  });

  it('is repeated for a client that did not get the answer', async () => {
    const { auth, signUp, clock } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const lost = await auth.signIn.refresh({ refreshToken, attempt: ATTEMPT }, HOME);
    clock.time += 59_000;
    const again = await auth.signIn.refresh({ refreshToken, attempt: ATTEMPT }, HOME);
    expect(again.refreshToken).toBe(lost.refreshToken);
    await auth.signIn.refresh({ refreshToken: again.refreshToken, attempt: `${ATTEMPT}2` }, HOME);
  });

  it.each([
    ['without the attempt', undefined, 0],
    ['with another attempt', 'some-other-secret-entirely', 0],
    ['after a minute', ATTEMPT, 60_000],
  ])('is not repeated %s: the session ends', async (_when, attempt, later) => {
    const { auth, signUp, clock } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const next = await auth.signIn.refresh({ refreshToken, attempt: ATTEMPT }, HOME);
    clock.time += later;
    expect(await refusal(auth.signIn.refresh({ refreshToken, attempt }, HOME))).toEqual(REFUSED);
    expect(await refusal(auth.signIn.refresh({ refreshToken: next.refreshToken }, HOME))).toEqual(REFUSED);
  });

  it('is not repeated once its successor was used', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { refreshToken } = await signUp('bob');
    const next = await auth.signIn.refresh({ refreshToken, attempt: ATTEMPT }, HOME);
    await auth.signIn.refresh({ refreshToken: next.refreshToken, attempt: `${ATTEMPT}2` }, HOME);
    expect(await refusal(auth.signIn.refresh({ refreshToken, attempt: ATTEMPT }, HOME))).toEqual(REFUSED);
  });

  it('ends when it was not used for too long, and in any case some day', async () => {
    const DAY = 86_400_000;
    const { auth, signUp, clock } = await createAuthFixture({ sessionIdleMs: 2 * DAY, sessionMaxMs: 5 * DAY });
    let { refreshToken } = await signUp('bob');
    for (let day = 1; day < 5; day++) {
      clock.time += DAY;
      ({ refreshToken } = await auth.signIn.refresh({ refreshToken }, HOME));
    }
    clock.time += DAY;
    expect(await refusal(auth.signIn.refresh({ refreshToken }, HOME))).toEqual(REFUSED);
    const idle = await signUp('carol');
    clock.time += 2 * DAY;
    expect(await refusal(auth.signIn.refresh({ refreshToken: idle.refreshToken }, HOME))).toEqual(REFUSED);
  });

  it('is over after signing out, and signing out says nothing about whose token it was', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { refreshToken, accessToken } = await signUp('bob');
    await auth.signIn.logout({ refreshToken: 'nonsense' }, HOME);
    await auth.signIn.logout({ refreshToken }, HOME);
    await auth.signIn.logout({ refreshToken }, HOME);
    expect(await refusal(auth.signIn.refresh({ refreshToken }, HOME))).toEqual(REFUSED);
    expect(await refusal(authenticate(auth, accessToken))).toEqual(REFUSED);
  });

  it('keeps so many sessions per user, those used last', async () => {
    const { auth, signUp, login, clock, principal } = await createAuthFixture({ sessionsPerUser: 3 });
    const first = await signUp('bob');
    for (let i = 0; i < 3; i++) {
      clock.time += 1000;
      await login('bob');
    }
    expect(await refusal(principal(first))).toEqual(REFUSED);
    const [user] = (await auth.users.list({ kind: 'admin' })).users;
    expect(await auth.users.sessions({ kind: 'admin' }, user!.uid)).toHaveLength(3);
  });
});
