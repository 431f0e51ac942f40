import { describe, expect, it } from 'vitest';
import type { AuthProvider, ProviderUser } from './auth-provider.js';
import {
  type AuthFixture,
  authenticateByPassword,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
  SERVER,
  signedIn,
} from './testing/auth-fixture.js';

/** A directory in memory, which can be down. */
class Directory implements AuthProvider {
  readonly name = 'ldap';
  readonly people: Map<string, ProviderUser> = new Map([['ann', { id: 'uid=ann', claims: { group: 'staff' } }]]);
  down = false;

  async authenticate(login: string, secret: string): Promise<ProviderUser | null> {
    if (this.down) throw new Error('connection refused by ldap.internal');
    return secret === 'ldap secret' ? (this.people.get(login) ?? null) : null;
  }

  async getUserById(id: string): Promise<ProviderUser | null> {
    if (this.down) throw new Error('connection refused by ldap.internal');
    return [...this.people.values()].find((person) => person.id === id) ?? null;
  }
}

async function withDirectory(): Promise<AuthFixture & { directory: Directory }> {
  const directory = new Directory();
  return { ...(await createAuthFixture({}, { providers: [directory] })), directory };
}

describe('a directory of the application', () => {
  it('signs its people in, to one account each, with the claims that it gives', async () => {
    const { auth, login, principal } = await withDirectory();
    const first = signedIn(await login('ann', 'ldap secret'));
    expect(await principal(first)).toMatchObject({ provider: 'ldap', claims: { group: 'staff' } });
    expect(signedIn(await login('ann', 'ldap secret')).user.uid).toBe(first.user.uid);
    expect(await authenticateByPassword(auth, 'ann', 'ldap secret')).toMatchObject({
      uid: first.user.uid,
      provider: 'ldap',
      claims: { group: 'staff' },
    });
  });

  it('is asked again at each refresh, and ends the session of who left', async () => {
    const { auth, login, principal, directory } = await withDirectory();
    const first = signedIn(await login('ann', 'ldap secret'));
    directory.people.set('ann', { id: 'uid=ann', claims: { group: 'board', uid: 'root', sub: 'root' } });
    const second = await auth.signIn.refresh({ refreshToken: first.refreshToken }, HOME);
    const claims = { group: 'board', sub: first.user.uid };
    expect(await principal(second)).toMatchObject({ kind: 'user', claims });
    directory.people.delete('ann');
    const late = auth.signIn.refresh({ refreshToken: second.refreshToken }, HOME);
    expect(await refusal(late)).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(principal(second))).toMatchObject({ code: 'unauthenticated' });
  });

  it('that is down makes sign-in unavailable without saying why, and counts no failure', async () => {
    const { login, directory } = await withDirectory();
    directory.down = true;
    for (let i = 0; i < 8; i++) {
      const refused = await refusal(login('ann', 'ldap secret'));
      expect(refused).toEqual({ code: 'unavailable', message: 'The directory ldap does not answer' });
    }
    directory.down = false;
    signedIn(await login('ann', 'ldap secret'));
  });

  it('that is down ends no session', async () => {
    const { auth, login, directory } = await withDirectory();
    const { refreshToken } = signedIn(await login('ann', 'ldap secret'));
    directory.down = true;
    expect(await refusal(auth.signIn.refresh({ refreshToken }, HOME))).toMatchObject({ code: 'unavailable' });
    directory.down = false;
    await auth.signIn.refresh({ refreshToken }, HOME);
  });

  it('is no way in to an account of the same name', async () => {
    const { auth, login, directory, signUp } = await withDirectory();
    const { user } = await signUp('bob');
    directory.people.set('bob', { id: 'uid=bob', email: 'bob@example.org' });
    expect(signedIn(await login('bob', 'ldap secret')).user.uid).not.toBe(user.uid);
    expect(signedIn(await login('bob', PASSWORD)).user.uid).toBe(user.uid);
    expect((await auth.users.get(SERVER, user.uid)).email).toBe('bob@example.org');
  });

  it('refuses wrong secrets in the words of everybody else', async () => {
    const { login } = await withDirectory();
    const refused = { code: 'unauthenticated', message: 'Sign-in refused' };
    expect(await refusal(login('ann', 'wrong password'))).toEqual(refused);
    expect(await refusal(login('nobody', 'ldap secret'))).toEqual(refused);
  });
});
