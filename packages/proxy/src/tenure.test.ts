import { NOBODY, type Principal } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import { put, turns, valueAt } from './session-fixture.js';
import { listening, lost, ofUser, openChanging, user } from './sign-in-fixture.js';

const HOUR_MS = 3_600_000;

describe('an expiry', () => {
  test('is told with the user, announced before it bites, and told when it has', async () => {
    const fixture = await openChanging({ t: user({}, 1_000_000 + HOUR_MS) });
    const client = await fixture.client({ headers: { token: 't' } });
    client.send('SUBSCRIBE', { id: 'u', destination: '/.info/user' });
    const [first] = ofUser(await client.rest());
    expect(first).toMatchObject({ body: { uid: 'ann', expiresAt: 1_000_000 + HOUR_MS } });
    expect(first?.headers).not.toHaveProperty('expires-at');
    fixture.clock.now += HOUR_MS - 60_000;
    expect(ofUser([await client.next()])).toMatchObject([
      { body: { uid: 'ann' }, headers: { 'expires-at': String(1_000_000 + HOUR_MS) } },
    ]);
    fixture.clock.now += 60_000;
    expect(ofUser([await client.next()])).toMatchObject([{ body: null, headers: { reason: 'expired' } }]);
  });

  test('of a short-lived credential is announced when a fifth of its life is left', async () => {
    const fixture = await openChanging({ t: user({}, 1_000_000 + 100_000) });
    const client = await listening(fixture, 't');
    fixture.clock.now += 79_000;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await client.rest()).toEqual([]);
    fixture.clock.now += 1_000;
    expect((await client.next()).headers['expires-at']).toBe('1100000');
  });

  test('of an admin ends its rights as well', async () => {
    const admin: Principal = { kind: 'admin', uid: 'root', expiresAt: 1_005_000 };
    const fixture = await openChanging({ t: admin });
    const client = await listening(fixture, 't');
    client.send('SUBSCRIBE', { id: 'staff', destination: '/staff' });
    await client.rest();
    fixture.clock.now += 5_000;
    const answer = await client.ask('SEND', { destination: '/public' }, '1');
    expect(answer).toMatchObject({ headers: { code: 'unauthenticated' }, body: expect.stringContaining('expired') });
    const notices = [await client.next(), await client.next(), await client.next()];
    expect(lost(notices)).toMatchObject([{ subscription: 'own' }, { subscription: 'staff' }]);
    await put(fixture.database, '/staff', 1);
    expect(await client.rest()).toEqual([]);
  });

  test('does not keep what was left for the end of the connection from being made, but a revocation after it does', async () => {
    const tokens = { t: user({}, 1_005_000), v: { ...user({}, 1_005_000), uid: 'eve' } as Principal };
    const fixture = await openChanging(tokens);
    const [client, revoked] = [await listening(fixture, 't'), await listening(fixture, 'v')];
    await client.ask('SEND', { destination: '/ann/left', 'on-disconnect': 'set' }, '1');
    await revoked.ask('SEND', { destination: '/ann/other', 'on-disconnect': 'set' }, '1');
    fixture.clock.now += 6_000;
    for (const each of [client, revoked]) await each.next();
    fixture.change('v', NOBODY);
    for (const each of [client, revoked]) each.transport.clientVanishes();
    await turns();
    expect(valueAt(fixture, '/ann')).toEqual({ left: 1 });
  });

  test('is put off by a new token on the same connection', async () => {
    const fixture = await openChanging({ t: user({}, 1_005_000), next: user({}, 1_000_000 + HOUR_MS) });
    const client = await listening(fixture, 't');
    expect((await client.ask('SEND', { destination: '/.auth' }, '"next"')).command).toBe('RECEIPT');
    fixture.clock.now += 10_000;
    await new Promise((resolve) => setTimeout(resolve, 200));
    await put(fixture.database, '/ann/a', 1);
    expect((await client.rest()).map(({ headers }) => headers.destination)).toEqual(['/ann/a']);
  });
});
