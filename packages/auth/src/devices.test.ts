import { describe, expect, it } from 'vitest';
import { authenticateByPassword, createAuthFixture, PASSWORD, refusal, SERVER } from './testing/auth-fixture.js';

const REFUSED = { code: 'unauthenticated', message: 'Sign-in refused' };

describe('a device', () => {
  it('signs in by key and secret, and has its claims and nothing else', async () => {
    const { auth, tree } = await createAuthFixture();
    const { device, secret } = await auth.devices.create(SERVER, { label: ' Meter 7\n', claims: { room: 'cellar' } });
    expect(device).toMatchObject({ label: 'Meter 7', uid: device.key, claims: { room: 'cellar' } });
    expect(await authenticateByPassword(auth, device.key, secret)).toEqual({
      kind: 'user',
      uid: device.key,
      provider: 'device',
      session: `device:${device.key}`,
      claims: { room: 'cellar', sub: device.key, firebase: { sign_in_provider: 'device', identities: {} } },
    });
    expect(JSON.stringify(tree.read([]))).not.toContain(secret);
  });

  it('is refused with another secret, or another device’s', async () => {
    const { auth } = await createAuthFixture();
    const one = await auth.devices.create(SERVER, { label: 'one' });
    const two = await auth.devices.create(SERVER, { label: 'two' });
    for (const secret of ['x', two.secret, one.secret.toLowerCase(), `${one.secret}\0`, one.device.key]) {
      expect(await refusal(authenticateByPassword(auth, one.device.key, secret))).toEqual(REFUSED);
    }
  });

  it('ends on every node when it is revoked', async () => {
    const { auth, connect } = await createAuthFixture();
    const { device, secret } = await auth.devices.create(SERVER, { label: 'meter' });
    const other = await connect();
    const told: unknown[] = [];
    other.watch(await authenticateByPassword(other, device.key, secret), (next) => told.push(next));
    await auth.devices.revoke(SERVER, device.key);
    await expect.poll(() => told).toEqual([{ kind: 'nobody' }]);
    expect(await refusal(authenticateByPassword(other, device.key, secret))).toEqual(REFUSED);
    expect(await refusal(auth.devices.revoke(SERVER, device.key))).toMatchObject({ code: 'not-found' });
  });

  it('that acts for an account has not its claims, and goes with it', async () => {
    const { auth, signUp, tree } = await createAuthFixture();
    const { user } = await signUp('bob');
    await auth.users.update(SERVER, user.uid, { claims: { role: 'editor' } });
    const { device, secret } = await auth.devices.create(SERVER, { label: 'meter', uid: user.uid });
    const principal = await authenticateByPassword(auth, device.key, secret);
    expect(principal).toMatchObject({ uid: user.uid, provider: 'device' });
    expect(principal).not.toHaveProperty('claims.role');
    await auth.users.update(SERVER, user.uid, { disabled: true });
    expect(await refusal(authenticateByPassword(auth, device.key, secret))).toEqual(REFUSED);
    await auth.users.delete(SERVER, user.uid);
    expect(tree.read(['devices'])).toBeNull();
  });

  it('acts for no admin, and manages no account', async () => {
    const { auth, signUp } = await createAuthFixture();
    const { user } = await signUp('bob');
    const { device, secret } = await auth.devices.create(SERVER, { label: 'meter', uid: user.uid });
    const principal = await authenticateByPassword(auth, device.key, secret);
    expect(await refusal(auth.account.me(principal))).toEqual(REFUSED);
    expect(
      await refusal(auth.account.changePassword(principal, { current: PASSWORD, next: 'x' }, { address: '' })),
    ).toEqual(REFUSED);
    await auth.users.update(SERVER, user.uid, { admin: true });
    expect(await refusal(authenticateByPassword(auth, device.key, secret))).toEqual(REFUSED);
    const forAdmin = auth.devices.create(SERVER, { label: 'meter', uid: user.uid });
    expect(await refusal(forAdmin)).toMatchObject({ code: 'permission-denied' });
    const forNobody = auth.devices.create(SERVER, { label: 'meter', uid: 'nobody' });
    expect(await refusal(forNobody)).toMatchObject({ code: 'not-found' });
  });

  it('is listed by page', async () => {
    const { auth } = await createAuthFixture();
    for (let i = 0; i < 5; i++) await auth.devices.create(SERVER, { label: `meter ${i}` });
    const first = await auth.devices.list(SERVER, { limit: 3 });
    const second = await auth.devices.list(SERVER, { limit: 3, after: first.next ?? '' });
    expect([first.devices.length, second.devices.length, second.next]).toEqual([3, 2, null]);
    expect(JSON.stringify(first)).not.toMatch(/hash|secret/);
  });

  it.each([[{ claims: { uid: 'x' } }], [{ claims: { x: 'y'.repeat(5000) } }], [{ label: ' ' }]])(
    'is not made with %j',
    async (wish) => {
      const { auth } = await createAuthFixture();
      const refused = await refusal(auth.devices.create(SERVER, { label: 'meter', ...wish }));
      expect(['invalid-data', 'too-large']).toContain(refused.code);
    },
  );
});
