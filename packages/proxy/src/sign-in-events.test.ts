import { type Credentials, NOBODY, type Principal } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import { openFixture, put, turns, valueAt } from './session-fixture.js';
import { listening, lost, ofUser, openChanging, STAFF_RULES, user } from './sign-in-fixture.js';

describe('a revoked principal', () => {
  test('loses its listens before the next event, may write nothing, and is told why', async () => {
    const fixture = await openChanging({ t: user() });
    const client = await listening(fixture, 't');
    fixture.change('t', NOBODY);
    await put(fixture.database, '/ann/secret', 1);
    await put(fixture.database, '/public/news', 2);
    const frames = await client.rest();
    expect(ofUser(frames)).toMatchObject([{ body: null, headers: { reason: 'revoked' } }]);
    expect(lost(frames)).toMatchObject([{ code: 'permission-denied', subscription: 'own' }]);
    expect(frames.map(({ headers }) => headers.destination)).not.toContain('/ann/secret');
    expect(frames.at(-1)).toMatchObject({ headers: { destination: '/public/news' }, body: '2' });
    expect(await client.ask('SEND', { destination: '/public' }, '3')).toMatchObject({
      headers: { code: 'unauthenticated' },
      body: expect.stringContaining('revoked'),
    });
    expect((await client.ask('SUBSCRIBE', { id: 'x', destination: '/public/x' })).headers.code).toBe('unauthenticated');
    expect(fixture.watched()).toBe(0);
  });

  test('does not get what it left for the end of its connection', async () => {
    const fixture = await openChanging({ t: user() });
    const client = await listening(fixture, 't');
    await client.ask('SEND', { destination: '/ann/left', 'on-disconnect': 'set' }, '1');
    fixture.change('t', NOBODY);
    client.transport.clientVanishes();
    await turns();
    expect(fixture.database.revision).toBe(0);
  });

  test('cannot commit the transaction that it has begun', async () => {
    const fixture = await openChanging({ t: user() });
    const client = await listening(fixture, 't');
    client.send('BEGIN', { transaction: 'x' });
    client.send('SEND', { destination: '/ann', transaction: 'x' }, '1');
    fixture.change('t', NOBODY);
    expect((await client.ask('COMMIT', { transaction: 'x' })).headers.code).toBe('unauthenticated');
    expect(fixture.database.revision).toBe(0);
  });

  test('may sign in again, and goes on', async () => {
    const fixture = await openChanging({ t: user(), again: user() });
    const client = await listening(fixture, 't');
    fixture.change('t', NOBODY);
    await client.rest();
    expect((await client.ask('SEND', { destination: '/.auth' }, '"again"')).command).toBe('RECEIPT');
    expect((await client.ask('SEND', { destination: '/ann' }, '1')).command).toBe('RECEIPT');
    expect(fixture.watched()).toBe(1);
  });

  test('may have been so before it was watched', async () => {
    const { client } = await openFixture({
      authenticate: async () => user(),
      watchPrincipal: (_principal, _database, changed) => {
        changed(NOBODY);
        return () => {};
      },
    });
    const late = await client();
    late.send('SEND', { destination: '/a' }, '1');
    expect(await late.nextOf('ERROR')).toMatchObject({ headers: { code: 'unauthenticated' } });
  });
});

describe('a principal with other claims', () => {
  test('gains and loses rights on the open connection, and the listens that it keeps go on without loss', async () => {
    const fixture = await openChanging({ t: user({ staff: true }) });
    const client = await listening(fixture, 't');
    client.send('SUBSCRIBE', { id: 'staff', destination: '/staff' });
    await client.rest();
    fixture.change('t', user({ staff: false }));
    await put(fixture.database, '/staff/plan', 1);
    await put(fixture.database, '/ann/a', 2);
    const frames = await client.rest();
    expect(lost(frames)).toMatchObject([{ code: 'permission-denied', subscription: 'staff' }]);
    expect(ofUser(frames)).toMatchObject([{ body: { uid: 'ann', claims: { staff: false } } }]);
    expect(frames.at(-1)).toMatchObject({ headers: { destination: '/ann/a', event: 'put' }, body: '2' });
    expect((await client.ask('SEND', { destination: '/staff' }, '1')).headers.code).toBe('permission-denied');
    fixture.change('t', user({ staff: true }));
    expect((await client.ask('SEND', { destination: '/staff' }, '1')).command).toBe('RECEIPT');
  });

  test('leaves nothing for the end of the connection that it may no longer do', async () => {
    const fixture = await openChanging({ t: user({ staff: true }) });
    const client = await listening(fixture, 't');
    await client.ask('SEND', { destination: '/staff/left', 'on-disconnect': 'set' }, '1');
    fixture.change('t', user({ staff: false }));
    client.transport.clientVanishes();
    await turns();
    expect(fixture.database.revision).toBe(0);
  });

  test('is no longer followed once somebody else signs in, or the connection ends', async () => {
    const fixture = await openChanging({ t: user(), other: user({ staff: true }) });
    const client = await listening(fixture, 't');
    await client.ask('SEND', { destination: '/.auth' }, '"other"');
    expect(fixture.watched()).toBe(1);
    fixture.change('t', NOBODY);
    expect((await client.ask('SEND', { destination: '/staff' }, '1')).command).toBe('RECEIPT');
    await client.ask('SEND', { destination: '/.auth' }, 'null');
    expect(fixture.watched()).toBe(0);
    await client.ask('SEND', { destination: '/.auth' }, '"t"');
    client.transport.clientVanishes();
    await turns();
    expect(fixture.watched()).toBe(0);
  });
});

test('what was left for the end of the connection is made as the next principal, if that one may', async () => {
  const tokens: Record<string, Principal> = {
    clerk: user(),
    boss: user({ staff: true }),
    chief: user({ staff: true, chief: true }),
  };
  const { client, database } = await openFixture({
    authorizer: STAFF_RULES,
    authenticate: async ({ token = '' }: Credentials) => tokens[token] ?? NOBODY,
  });
  const [promoted, demoted] = [
    await client({ headers: { token: 'boss' } }),
    await client({ headers: { token: 'boss' } }),
  ];
  await promoted.ask('SEND', { destination: '/staff/promoted', 'on-disconnect': 'set' }, '1');
  await demoted.ask('SEND', { destination: '/staff/demoted', 'on-disconnect': 'set' }, '1');
  await promoted.ask('SEND', { destination: '/.auth' }, '"chief"');
  await demoted.ask('SEND', { destination: '/.auth' }, '"clerk"');
  for (const each of [promoted, demoted]) each.transport.clientVanishes();
  await turns();
  expect(valueAt({ database }, '/staff')).toEqual({ promoted: 1 });
});
