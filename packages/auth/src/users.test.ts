import { type Principal, SILENT_LOGGER } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { createAuth } from './create-auth.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';
import {
  authenticateByPassword,
  createAuthFixture,
  PASSWORD,
  refusal,
  SERVER,
  signedIn,
} from './testing/auth-fixture.js';

describe('an admin', () => {
  it('is an account that the server made one; signing up or claims never do', async () => {
    const { auth, login, principal, signUp } = await createAuthFixture();
    await auth.users.create(SERVER, { username: 'root', password: PASSWORD, admin: true });
    const admin = await principal(signedIn(await login('root')));
    expect(admin).toMatchObject({ kind: 'admin', uid: expect.any(String) });
    const { user } = await signUp('bob');
    await auth.users.update(SERVER, user.uid, { claims: { admin: true, role: 'admin', kind: 'admin' } });
    expect(await authenticateByPassword(auth, 'bob', PASSWORD)).toMatchObject({ kind: 'user' });
  });

  it('makes, changes, finds and deletes accounts', async () => {
    const { auth, login } = await createAuthFixture();
    const made = await auth.users.create(SERVER, {
      uid: 'app.7',
      email: 'Eve@example.org',
      emailVerified: true,
      password: PASSWORD,
      claims: { list: [] },
    });
    expect(made).toMatchObject({ uid: 'app.7', email: 'eve@example.org', emailVerified: true, claims: { list: [] } });
    expect(await auth.users.find(SERVER, 'EVE@example.org')).toEqual(made);
    const changed = await auth.users.update(SERVER, 'app.7', {
      email: 'new@example.org',
      username: 'eve',
      claims: null,
    });
    expect(changed).toMatchObject({ email: 'new@example.org', emailVerified: false, username: 'eve', claims: {} });
    expect(signedIn(await login('eve')).user.uid).toBe('app.7');
    await auth.users.update(SERVER, 'app.7', { username: null, displayName: 'E' });
    expect(await auth.users.find(SERVER, 'eve')).toBeNull();
    await auth.users.delete(SERVER, 'app.7');
    expect(await refusal(auth.users.get(SERVER, 'app.7'))).toMatchObject({ code: 'not-found' });
    expect(await auth.users.find(SERVER, 'new@example.org')).toBeNull();
  });

  it('lists accounts by page, in one order', async () => {
    const { auth } = await createAuthFixture();
    for (const uid of ['b', 'a.x', 'c', 'a', '__proto__'])
      await auth.users.create(SERVER, { uid, username: `name-${uid.length}${uid.charAt(0)}${uid.charAt(2)}x` });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: { users: readonly { uid: string }[]; next: string | null } = await auth.users.list(SERVER, {
        limit: 2,
        ...(after === null ? {} : { after }),
      });
      seen.push(...page.users.map(({ uid }) => uid));
      after = page.next;
    } while (after !== null);
    expect([...seen].sort()).toEqual(['__proto__', 'a', 'a.x', 'b', 'c']);
  });

  it('leaves nothing of a deleted account but the time', async () => {
    const { auth, signUp, tree, clock } = await createAuthFixture({}, { mail: undefined as never });
    const { user } = await signUp('bob');
    await auth.devices.create(SERVER, { label: 'meter', uid: user.uid });
    await auth.users.delete(SERVER, user.uid);
    await auth.settled();
    const { audit: _audit, keys: _keys, keyCount: _count, ...rest } = tree.read([]) as Record<string, unknown>;
    expect(rest).toEqual({ deleted: { [user.uid]: clock.time } });
  });

  it.each([
    [{ username: 'bob' }, 'username-in-use'],
    [{ email: 'bob@example.org' }, 'email-in-use'],
    [{ uid: 'taken' }, 'precondition-failed'],
    [{ uid: '(admin)' }, 'invalid-data'],
    [{ uid: 'a/b' }, 'invalid-data'],
    [{ username: 'eve', password: 'short' }, 'weak-password'],
    [{ username: 'eve', passwordHash: 'plain' }, 'invalid-data'],
    [{ emailVerified: true }, 'invalid-data'],
    [{ claims: { sub: 'x' } }, 'invalid-data'],
    [{ claims: { x: 'y'.repeat(5000) } }, 'too-large'],
  ])('cannot make %j: %s', async (user, code) => {
    const { auth, signUp } = await createAuthFixture();
    await signUp('bob');
    await auth.users.create(SERVER, { uid: 'taken' });
    expect(await refusal(auth.users.create(SERVER, user))).toMatchObject({ code });
  });

  it('cannot take its own rights away', async () => {
    const { auth, login, principal } = await createAuthFixture();
    const { uid } = await auth.users.create(SERVER, { username: 'root', password: PASSWORD, admin: true });
    const admin = await principal(signedIn(await login('root')));
    const acts = [
      auth.users.update(admin, uid, { admin: false }),
      auth.users.update(admin, uid, { disabled: true }),
      auth.users.delete(admin, uid),
    ];
    const codes = (await Promise.all(acts.map(refusal))).map(({ code }) => code);
    expect(codes).toEqual(acts.map(() => 'permission-denied'));
  });

  it('that was one when it signed in, and no longer is, can do nothing', async () => {
    const { auth, login, principal } = await createAuthFixture();
    const { uid } = await auth.users.create(SERVER, { username: 'root', password: PASSWORD, admin: true });
    const admin = await principal(signedIn(await login('root')));
    await auth.users.list(admin);
    await auth.users.update(SERVER, uid, { admin: false });
    expect(await refusal(auth.users.list(admin))).toMatchObject({ code: 'permission-denied' });
  });

  it('gets sessions for tools, which have claims of their own', async () => {
    const { auth, principal } = await createAuthFixture();
    const issued = await auth.users.issue(SERVER, { uid: 'robot', claims: { may: 'sweep' }, label: 'cron' });
    expect(issued.session).toMatchObject({ provider: 'issued', label: 'cron' });
    expect(await principal(issued)).toMatchObject({ kind: 'user', uid: 'robot', claims: { may: 'sweep' } });
    expect((await auth.users.get(SERVER, 'robot')).claims).toEqual({});
  });

  it('that gets a session for another admin gets none', async () => {
    const { auth, login, principal } = await createAuthFixture();
    await auth.users.create(SERVER, { username: 'root', password: PASSWORD, admin: true });
    const { uid } = await auth.users.create(SERVER, { username: 'other', admin: true });
    const admin = await principal(signedIn(await login('root')));
    expect(await refusal(auth.users.issue(admin, { uid }))).toMatchObject({ code: 'permission-denied' });
    expect(await principal(await auth.users.issue(SERVER, { uid }))).toMatchObject({ kind: 'admin', uid });
  });
});

describe('who is no admin', () => {
  it('is refused everything that is for admins', async () => {
    const { auth, signUp, principal } = await createAuthFixture();
    const made = await signUp('bob');
    const { uid } = made.user;
    const { device, secret } = await auth.devices.create(SERVER, { label: 'meter' });
    const actors: Principal[] = [
      { kind: 'nobody' },
      await principal(made),
      await authenticateByPassword(auth, 'bob', PASSWORD),
      await authenticateByPassword(auth, device.key, secret),
      { kind: 'admin', uid },
      { kind: 'admin', uid, session: made.session.id },
    ];
    for (const actor of actors) {
      const acts = [
        auth.users.list(actor),
        auth.users.get(actor, uid),
        auth.users.find(actor, 'bob'),
        auth.users.create(actor, { username: 'eve' }),
        auth.users.update(actor, uid, { admin: true }),
        auth.users.delete(actor, uid),
        auth.users.reset(actor, uid),
        auth.users.sessions(actor, uid),
        auth.users.revokeSessions(actor, uid),
        auth.users.issue(actor, { uid }),
        auth.devices.list(actor),
        auth.devices.create(actor, { label: 'x' }),
        auth.devices.revoke(actor, device.key),
        auth.audit(actor),
        auth.rotateKeys(actor),
      ];
      const codes = (await Promise.all(acts.map(refusal))).map(({ code }) => code);
      expect(codes).toEqual(acts.map(() => 'permission-denied'));
    }
  });
});

describe('options that cannot be safe', () => {
  const options = { database: 'main', tree: createMemoryPrivateTree(), now: () => 0, logger: SILENT_LOGGER };
  const directory = (name: string) => ({ name, authenticate: async () => null, getUserById: async () => null });

  it.each([
    ['a password hash that is too fast', { settings: { passwordCost: 9 } }],
    ['passwords that are too short', { settings: { minPasswordLength: 4 } }],
    ['a lifetime that is none', { settings: { accessTokenMs: Number.NaN } }],
    ['mails without a public URL', { mail: { send: async () => undefined } }],
    ['two providers of one name', { providers: [directory('ldap'), directory('ldap')] }],
    ['a provider called password', { providers: [directory('password')] }],
    ['a provider called custom', { providers: [directory('custom')] }],
    ['a provider with a colon in its name', { providers: [directory('a:b')] }],
  ])('are refused: %s', async (_what, given) => {
    await expect(createAuth({ ...options, ...given })).rejects.toMatchObject({ code: 'invalid-data' });
  });
});
