import type { Principal } from '@backside/protocol';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Auth } from './auth.js';
import {
  authenticate,
  authenticateByPassword,
  createAuthFixture,
  HOME,
  PASSWORD,
  refusal,
  SERVER,
} from './testing/auth-fixture.js';
import { LateTree } from './testing/late-tree.js';

const KEY = 'a secret of the application, 32 bytes or more';

/** Follows a principal; what is told is in `told`. */
function follow(auth: Auth, principal: Principal): { readonly told: Principal[]; readonly end: () => void } {
  const told: Principal[] = [];
  return { told, end: auth.watch(principal, (next) => told.push(next)) };
}

async function bob() {
  const fixture = await createAuthFixture({}, { customTokenKeys: [{ algorithm: 'HS256', key: KEY }] });
  const made = await fixture.signUp('bob');
  const principal = await fixture.principal(made);
  return { ...fixture, made, uid: made.user.uid, principal };
}

/** What may become of an account or of its session so that nobody is left. */
const ENDS: [string, (auth: Auth, uid: string, id: string) => Promise<unknown>][] = [
  ['its session is revoked', (auth, uid, id) => auth.users.revokeSessions(SERVER, uid, { session: id })],
  ['all sessions are revoked', (auth, uid) => auth.users.revokeSessions(SERVER, uid)],
  ['the account is disabled', (auth, uid) => auth.users.update(SERVER, uid, { disabled: true })],
  ['the account is deleted', (auth, uid) => auth.users.delete(SERVER, uid)],
  ['the password is changed', (auth, uid) => auth.users.update(SERVER, uid, { password: 'another good one' })],
  ['the password is reset', (auth, uid) => auth.users.reset(SERVER, uid)],
];

describe('a watched principal', () => {
  it('is followed by its successor when claims change, on every node', async () => {
    const { auth, connect, uid, principal } = await bob();
    const watchers = [follow(auth, principal), follow(await connect(), principal)];
    await auth.users.update(SERVER, uid, { claims: { role: 'editor' } });
    for (const { told } of watchers) {
      await expect.poll(() => told).toHaveLength(1);
      expect(told[0]).toMatchObject({
        kind: 'user',
        uid,
        claims: { role: 'editor' },
        session: principal.kind === 'user' && principal.session,
      });
    }
  });

  it('becomes an admin, and a user again', async () => {
    const { auth, uid, principal } = await bob();
    const { told } = follow(auth, principal);
    await auth.users.update(SERVER, uid, { admin: true });
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toMatchObject({ kind: 'admin', uid, expiresAt: expect.any(Number) });
    await auth.users.update(SERVER, uid, { admin: false });
    await expect.poll(() => told).toHaveLength(2);
    expect(told[1]).toEqual(principal);
  });

  it.each(ENDS)('is nobody once %s, on every node, and is told of nothing more', async (_what, act) => {
    const { auth, connect, uid, principal, made } = await bob();
    const watchers = [follow(auth, principal), follow(await connect(), principal)];
    await act(auth, uid, made.session.id);
    for (const { told } of watchers) await expect.poll(() => told).toEqual([{ kind: 'nobody' }]);
    await auth.users.update(SERVER, uid, { claims: { late: true } }).catch(() => undefined);
    for (const { told } of watchers) expect(told).toHaveLength(1);
  });

  it('is nobody if that happened between signing in and watching', async () => {
    const { auth, uid, principal } = await bob();
    await auth.users.update(SERVER, uid, { disabled: true });
    const { told } = follow(auth, principal);
    expect(told).toEqual([]);
    await expect.poll(() => told).toEqual([{ kind: 'nobody' }]);
  });

  it('is nobody if that happened before the tree began to tell of changes', async () => {
    const { auth, connect, tree, uid, principal } = await bob();
    const node = await connect(new LateTree(tree));
    const { told } = follow(node, principal);
    await new Promise((resolve) => setImmediate(resolve));
    await auth.users.revokeSessions(SERVER, uid);
    await expect.poll(() => told).toEqual([{ kind: 'nobody' }]);
  });

  it('who signed in by password on a connection ends with the password', async () => {
    const { auth, uid, principal: actor } = await bob();
    const principal = await authenticateByPassword(auth, 'bob', PASSWORD);
    const { told } = follow(auth, principal);
    await auth.account.changePassword(actor, { current: PASSWORD, next: 'another good one' }, HOME);
    await expect.poll(() => told).toEqual([{ kind: 'nobody' }]);
    expect(uid).toBe(principal.kind === 'user' && principal.uid);
  });

  it('goes on when its own tokens are refreshed or other sessions end', async () => {
    const { auth, made, principal, login } = await bob();
    const { told } = follow(auth, principal);
    await login('bob');
    await auth.signIn.refresh({ refreshToken: made.refreshToken }, HOME);
    await auth.account.revokeOtherSessions(principal, HOME);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
  });

  it('is told nothing once its watcher has ended', async () => {
    const { auth, uid, principal } = await bob();
    const { told, end } = follow(auth, principal);
    const { told: control } = follow(auth, principal);
    end();
    await auth.users.update(SERVER, uid, { disabled: true });
    await expect.poll(() => control).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('that is nobody or the server itself is never told anything', async () => {
    const { auth } = await bob();
    follow(auth, { kind: 'nobody' }).end();
    follow(auth, SERVER).end();
  });
});

describe('a principal that is looked at again', () => {
  const refused = expect.objectContaining({ code: 'unauthenticated' });

  it('is who it was, while nothing has changed', async () => {
    const { auth, principal } = await bob();
    expect(auth.current(principal)).toEqual(principal);
  });

  it('has the claims and the role of now, on every node', async () => {
    const { auth, connect, uid, principal } = await bob();
    const nodes = [auth, await connect()];
    await auth.users.update(SERVER, uid, { claims: { role: 'editor' } });
    for (const node of nodes) expect(node.current(principal)).toMatchObject({ uid, claims: { role: 'editor' } });
    await auth.users.update(SERVER, uid, { admin: true });
    const admin = auth.current(principal);
    expect(admin).toMatchObject({ kind: 'admin', uid });
    await auth.users.update(SERVER, uid, { admin: false });
    for (const node of nodes) expect(node.current(admin)).toMatchObject({ kind: 'user', uid });
  });

  it.each(ENDS)('is refused once %s, on every node', async (_what, act) => {
    const { auth, connect, uid, principal, made } = await bob();
    const nodes = [auth, await connect()];
    await act(auth, uid, made.session.id);
    for (const node of nodes) expect(() => node.current(principal)).toThrow(refused);
  });

  it('is refused from the moment at which its credential expires', async () => {
    const { auth, clock, made, principal } = await bob();
    clock.time = made.accessExpiresAt - 1;
    expect(auth.current(principal)).toEqual(principal);
    clock.time = made.accessExpiresAt;
    expect(() => auth.current(principal)).toThrow(refused);
  });

  it('that is nobody or the server itself is never refused', async () => {
    const { auth } = await bob();
    expect(auth.current({ kind: 'nobody' })).toEqual({ kind: 'nobody' });
    expect(auth.current(SERVER)).toBe(SERVER);
  });
});

describe('a custom token', () => {
  const custom = (payload: Record<string, unknown>, now: number, seconds = 600): Promise<string> =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(now / 1000 + seconds)
      .sign(Buffer.from(KEY));

  it('opens a connection without an account, under the claims that it says', async () => {
    const { auth, clock, tree } = await bob();
    const token = await custom({ uid: 'app:7', claims: { role: 'robot' } }, clock.time);
    expect(await authenticate(auth, token)).toEqual({
      kind: 'user',
      uid: 'app:7',
      provider: 'custom',
      expiresAt: clock.time + 600_000,
      session: expect.any(String),
      claims: { role: 'robot', sub: 'app:7', firebase: { sign_in_provider: 'custom', identities: {} } },
    });
    expect(tree.keys(['accounts'])).toHaveLength(1);
  });

  it('opens a session, whose claims stay with it', async () => {
    const { auth, clock } = await bob();
    const token = await custom({ uid: 'app.7', claims: { role: 'robot' } }, clock.time);
    const first = await auth.signIn.custom({ token }, HOME);
    const again = await auth.signIn.refresh({ refreshToken: first.refreshToken }, HOME);
    expect(await authenticate(auth, again.accessToken)).toMatchObject({ uid: 'app.7', claims: { role: 'robot' } });
    expect((await auth.users.list(SERVER)).users.map(({ uid }) => uid)).toContain('app.7');
  });

  it('never speaks for an admin, not even one who became it later', async () => {
    const { auth, clock } = await bob();
    const token = await custom({ uid: 'app:7', claims: { admin: true } }, clock.time);
    const session = await auth.signIn.custom({ token }, HOME);
    const direct = follow(auth, await authenticate(auth, token));
    const held = follow(auth, await authenticate(auth, session.accessToken));
    await auth.users.update(SERVER, 'app:7', { admin: true });
    await expect.poll(() => [direct.told, held.told]).toEqual([[{ kind: 'nobody' }], [{ kind: 'nobody' }]]);
    const refusals = await Promise.all([
      refusal(authenticate(auth, token)),
      refusal(authenticate(auth, session.accessToken)),
      refusal(auth.signIn.custom({ token }, HOME)),
      refusal(auth.signIn.refresh({ refreshToken: session.refreshToken }, HOME)),
    ]);
    expect(refusals.map(({ code }) => code)).toEqual(Array(4).fill('unauthenticated'));
  });

  it('opens a session whatever names its claims have', async () => {
    const { auth, clock } = await bob();
    const token = await custom(
      { uid: 'app:7', claims: { role: 'robot', email: 'a@b.example', name: 'R' } },
      clock.time,
    );
    const signedIn = await authenticate(auth, (await auth.signIn.custom({ token }, HOME)).accessToken);
    const direct = await authenticate(auth, token);
    expect([signedIn, direct]).toEqual([
      expect.objectContaining({ claims: { role: 'robot', sub: 'app:7', firebase: expect.anything() } }),
      expect.objectContaining({ claims: { role: 'robot', sub: 'app:7', firebase: expect.anything() } }),
    ]);
  });

  it.each([
    ['deleted', (auth: Auth) => auth.users.delete(SERVER, 'app:7')],
    ['disabled', (auth: Auth) => auth.users.update(SERVER, 'app:7', { disabled: true })],
    ['signed out everywhere', (auth: Auth) => auth.users.revokeSessions(SERVER, 'app:7')],
  ])('speaks no more on an open connection once the account is %s, on every node', async (_what, act) => {
    const { auth, clock, connect } = await bob();
    const token = await custom({ uid: 'app:7' }, clock.time);
    const before = await authenticate(auth, token);
    const watchers = [follow(auth, before), follow(await connect(), before)];
    await auth.signIn.custom({ token }, HOME);
    await expect.poll(() => watchers.every(({ told }) => told.length === 1)).toBe(true);
    watchers.push(follow(auth, await authenticate(auth, token)));
    await act(auth);
    for (const { told } of watchers) await expect.poll(() => told.at(-1)).toEqual({ kind: 'nobody' });
  });

  it('goes on when an account is made for it', async () => {
    const { auth, clock } = await bob();
    const token = await custom({ uid: 'app:7' }, clock.time);
    const { told } = follow(auth, await authenticate(auth, token));
    await auth.signIn.custom({ token }, HOME);
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toMatchObject({ kind: 'user', uid: 'app:7', provider: 'custom' });
  });

  it('does not bring a deleted account back', async () => {
    const { auth, clock } = await bob();
    const token = await custom({ uid: 'app:7' }, clock.time);
    await auth.signIn.custom({ token }, HOME);
    await auth.users.delete(SERVER, 'app:7');
    await expect(auth.signIn.custom({ token }, HOME)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authenticate(auth, token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('does not bring one back either that lives a little longer, since the clock of who made it was ahead', async () => {
    const { auth, clock } = await bob();
    const token = await custom({ uid: 'app:8', iat: clock.time / 1000 + 29 }, clock.time, 3_629);
    await auth.signIn.custom({ token }, HOME);
    await auth.users.delete(SERVER, 'app:8');
    clock.time += 3_610_000;
    await expect(auth.signIn.custom({ token }, HOME)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authenticate(auth, token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('does not speak for a device', async () => {
    const { auth, clock } = await bob();
    const { device } = await auth.devices.create(SERVER, { label: 'meter' });
    const token = await custom({ uid: device.uid }, clock.time);
    await expect(authenticate(auth, token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
