import { hash as bcryptHash } from 'bcrypt';
import { describe, expect, it } from 'vitest';
import type { Client } from './sign-in-api.js';
import {
  authenticateByPassword,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
  SERVER,
  signedIn,
} from './testing/auth-fixture.js';
import { LaggingTree } from './testing/lagging-tree.js';

describe('signing in by password', () => {
  it.each(['bob', 'BOB', 'bob@example.org', 'Bob@Example.ORG'])('works as %s', async (name) => {
    const { signUp, login } = await createAuthFixture();
    const { user } = await signUp('bob');
    expect(signedIn(await login(name)).user.uid).toBe(user.uid);
  });

  it('fails in the same words whatever is wrong', async () => {
    const { auth, signUp, login } = await createAuthFixture();
    const { user } = await signUp('bob');
    const { user: carol } = await signUp('carol');
    await signUp('dave');
    await auth.users.update(SERVER, carol.uid, { disabled: true });
    await auth.users.create(SERVER, { username: 'nopassword' });
    const refusals = await Promise.all([
      refusal(login('bob', 'wrong password')),
      refusal(login('nobody')),
      refusal(login('carol')),
      refusal(login('nopassword', 'h1:')),
      refusal(login('a/b', 'x')),
      refusal(login('__proto__', 'x')),
      refusal(login('x'.repeat(1000))),
      refusal(login('bob', 'x'.repeat(5000))),
      refusal(login('bob', '')),
      refusal(login(user.uid)),
      refusal(authenticateByPassword(auth, 'bob', 'wrong password')),
      refusal(authenticateByPassword(auth, 'nobody', PASSWORD)),
      refusal(authenticateByPassword(auth, 'carol', PASSWORD)),
      refusal(authenticateByPassword(auth, 'dk_00000000000000000000', PASSWORD)),
      refusal(auth.authenticate({ login: 'dave', passcode: PASSWORD, database: 'other', remoteAddress: '' })),
    ]);
    expect(new Set(refusals.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify({ code: 'unauthenticated', message: 'Sign-in refused' })]),
    );
  });

  it('makes a hash of lower cost, or from another system, anew', async () => {
    const { auth, tree, login, connect } = await createAuthFixture();
    const old = await bcryptHash(PASSWORD, 4);
    const { uid } = await auth.users.create(SERVER, { username: 'bob', passwordHash: old });
    expect(tree.read(['secrets', uid, 'password'])).toBe(old);
    await login('bob');
    expect(tree.read(['secrets', uid, 'password'])).toMatch(/^h1:\$2b\$10\$/);
    const before = tree.read(['secrets', uid, 'password']);
    await login('bob');
    expect(tree.read(['secrets', uid, 'password'])).toBe(before);
    expect((await connect()).database).toBe('main');
  });

  it('on a connection opens no session', async () => {
    const { auth, signUp, tree } = await createAuthFixture();
    const { user } = await signUp('bob');
    const principal = await authenticateByPassword(auth, 'bob', PASSWORD);
    expect(principal).toMatchObject({ kind: 'user', uid: user.uid, provider: 'password' });
    expect(principal).not.toHaveProperty('expiresAt');
    expect(tree.keys(['sessions'])).toHaveLength(1);
  });

  it('sees an account that another node made a moment ago', async () => {
    const { auth, tree, connect, signUp } = await createAuthFixture();
    const other = await connect(new LaggingTree(tree));
    const { user } = await signUp('bob');
    const result = await other.signIn.password({ login: 'bob', password: PASSWORD }, HOME);
    expect(signedIn(result).user.uid).toBe(user.uid);
    await auth.close();
  });

  it('can be closed', async () => {
    const { auth, login } = await createAuthFixture({ passwordSignIn: false });
    await auth.users.create(SERVER, { username: 'bob', password: PASSWORD });
    expect(auth.ways.password).toBe(false);
    expect(await refusal(login('bob'))).toMatchObject({ code: 'unauthenticated' });
    const signUp = auth.signIn.signUp({ username: 'eve', password: PASSWORD }, HOME);
    expect(await refusal(signUp)).toMatchObject({ code: 'permission-denied' });
    const reset = auth.signIn.requestReset({ login: 'bob' }, HOME);
    expect(await refusal(reset)).toMatchObject({ code: 'permission-denied' });
  });
});

describe('guessing passwords', () => {
  const guess = (
    auth: Awaited<ReturnType<typeof createAuthFixture>>['auth'],
    login: string,
    client: Client,
  ): Promise<unknown> => auth.signIn.password({ login, password: 'wrong password' }, client);

  it('is slowed down alike for accounts that exist and that do not', async () => {
    const { auth, signUp } = await createAuthFixture();
    await signUp('bob');
    const codes = async (login: string, address: string): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (let i = 0; i < 7; i++) seen.push((await refusal(guess(auth, login, { address }))).code);
      return seen;
    };
    const expected = [...Array<string>(5).fill('unauthenticated'), 'rate-limited', 'rate-limited'];
    expect(await codes('bob', '198.51.100.1')).toEqual(expected);
    expect(await codes('nobody', '198.51.100.2')).toEqual(expected);
  });

  it('counts spellings of one login together', async () => {
    const { auth, signUp } = await createAuthFixture();
    await signUp('bob');
    const client = { address: '198.51.100.1' };
    for (const login of ['bob', 'BOB', ' bob', 'Bob', 'ｂｏｂ']) await refusal(guess(auth, login, client));
    expect(await refusal(guess(auth, 'bOb', client))).toMatchObject({ code: 'rate-limited' });
  });

  it('refuses even the right password while it waits, and says for how long', async () => {
    const { auth, signUp, clock } = await createAuthFixture();
    await signUp('bob');
    const client = { address: '198.51.100.1' };
    for (let i = 0; i < 5; i++) await refusal(guess(auth, 'bob', client));
    const right = (): Promise<unknown> => auth.signIn.password({ login: 'bob', password: PASSWORD }, client);
    await expect(right()).rejects.toMatchObject({ code: 'rate-limited', retryAfterMs: 1000 });
    clock.time += 1000;
    await right();
  });

  it('from elsewhere does not lock the owner out at home', async () => {
    const { auth, signUp, login } = await createAuthFixture();
    await signUp('bob');
    for (let i = 0; i < 60; i++) await refusal(guess(auth, 'bob', { address: `198.51.100.${i}` }));
    expect(signedIn(await login('bob')).user.username).toBe('bob');
  });

  it('on connections counts with guessing over HTTP', async () => {
    const { auth, signUp } = await createAuthFixture();
    await signUp('bob');
    const client = { address: '198.51.100.1' };
    for (let i = 0; i < 5; i++) await refusal(guess(auth, 'bob', client));
    const connect = auth.authenticate({
      login: 'bob',
      passcode: PASSWORD,
      database: 'main',
      remoteAddress: client.address,
    });
    expect(await refusal(connect)).toMatchObject({ code: 'rate-limited' });
  });

  it('is written down without the password', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { user } = await signUp('bob');
    await refusal(guess(auth, 'bob', { address: '198.51.100.1' }));
    await auth.settled();
    const events = await auth.audit(SERVER);
    expect(events[0]).toMatchObject({ type: 'sign-in', outcome: 'failure', uid: user.uid, address: '198.51.100.1' });
    expect(JSON.stringify(events)).not.toMatch(/wrong password|correct horse/);
  });
});
