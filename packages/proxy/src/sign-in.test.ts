import { NOBODY } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import { openFixture, put } from './session-fixture.js';

describe('version negotiation', () => {
  test.each([
    ['1.0', '1.0'],
    ['1.1', '1.1'],
    ['1.2', '1.2'],
    ['1.2,1.0,1.1', '1.2'],
    ['1.0,1.1,2.0', '1.1'],
  ])('accept-version %s agrees on %s', async (offered, agreed) => {
    const client = (await openFixture()).connection();
    client.raw(`CONNECT\naccept-version:${offered}\nhost:h\n\n\0`);
    expect(await client.next()).toMatchObject({ command: 'CONNECTED', headers: { version: agreed } });
  });

  test('without accept-version the session is a 1.0 one', async () => {
    const client = (await openFixture()).connection();
    client.raw('CONNECT\nlogin: \npasscode: \n\n\0');
    expect((await client.next()).headers.version).toBe('1.0');
  });

  test('no common version is an ERROR that names ours, and the end', async () => {
    const client = (await openFixture()).connection();
    client.raw('CONNECT\naccept-version:2.0\nhost:h\n\n\0');
    expect(await client.next()).toMatchObject({
      command: 'ERROR',
      headers: { version: '1.0,1.1,1.2', code: 'unsupported-version' },
    });
    expect(client.transport.closeReason).toBe('unsupported-version');
  });

  test('STOMP is CONNECT by another name', async () => {
    const client = (await openFixture()).connection();
    client.raw('STOMP\naccept-version:1.2\nhost:h\n\n\0');
    expect((await client.next()).command).toBe('CONNECTED');
  });
});

describe('signing in', () => {
  test('a wrong passcode is refused without repeating it, and nothing behind it is served', async () => {
    const { database, connection } = await openFixture();
    const client = connection();
    client.raw('CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\npasscode:guess77\n\n\0SEND\ndestination:/a\n\n1\0');
    const [error, ...others] = await client.rest();
    expect(error).toMatchObject({ command: 'ERROR', headers: { code: 'unauthenticated' } });
    expect(JSON.stringify(error)).not.toContain('guess77');
    expect(others).toEqual([]);
    expect(database.revision).toBe(0);
  });

  test.each([
    ['a login with its passcode', { login: 'ann', passcode: 'secret' }],
    ['a token', { token: 'token-ann' }],
    ['a token as the login, with an empty passcode', { login: 'token-ann', passcode: '' }],
  ])('%s makes a user', async (_what, headers) => {
    const client = await (await openFixture()).client({ headers });
    client.send('SUBSCRIBE', { id: 'u', destination: '/.info/user' });
    expect(JSON.parse((await client.next()).body)).toMatchObject({ uid: 'ann' });
  });

  test('frames behind CONNECT are served after CONNECTED', async () => {
    const { connection } = await openFixture();
    const client = connection();
    client.raw(
      'CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\npasscode:secret\n\n\0SEND\ndestination:/a\nreceipt:r\n\n1\0',
    );
    expect((await client.rest()).map((frame) => frame.command)).toEqual(['CONNECTED', 'RECEIPT']);
  });

  test('what a client sent before it vanished is served nevertheless', async () => {
    const { database, connection } = await openFixture();
    const client = connection();
    client.raw('CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\npasscode:secret\n\n\0SEND\ndestination:/a\n\n1\0');
    client.transport.clientVanishes();
    await client.rest();
    expect(database.revision).toBe(1);
  });

  test('a frame before CONNECT has no effect', async () => {
    const { database, connection } = await openFixture();
    const client = connection();
    client.raw('SEND\ndestination:/a\nreceipt:early\n\n1\0');
    expect(await client.next()).toMatchObject({
      command: 'ERROR',
      headers: { code: 'unexpected-frame', 'receipt-id': 'early' },
    });
    expect(database.revision).toBe(0);
  });

  test('a second CONNECT is refused', async () => {
    const client = await (await openFixture()).client();
    client.send('CONNECT', { 'accept-version': '1.2', host: 'h' });
    expect(await client.next()).toMatchObject({ command: 'ERROR', headers: { code: 'unexpected-frame' } });
  });

  test('an authenticate function that fails is an internal error with a trace, and tells nothing', async () => {
    const { connection } = await openFixture({
      authenticate: () => {
        throw new Error('the user table is gone');
      },
    });
    const client = connection();
    const error = await client.connect('1.2');
    expect(error).toMatchObject({ command: 'ERROR', headers: { code: 'internal' } });
    expect(error.headers.trace).toBeTruthy();
    expect(error.body).not.toContain('table');
  });

  test('too much before CONNECT ends the connection', async () => {
    const client = (await openFixture()).connection();
    for (let i = 0; i < 70; i += 1) client.raw('\n'.repeat(1024));
    expect((await client.next()).command).toBe('ERROR');
  });
});

test('credentials are checked for the database that the connection is in, at first and later', async () => {
  const seen: unknown[] = [];
  const { client } = await openFixture({
    authenticate: async (credentials) => {
      seen.push(credentials);
      return NOBODY;
    },
  });
  const session = await client({ headers: { host: 'no such database', login: 'ann', passcode: 'secret' } });
  await session.ask('SEND', { destination: '/.auth', host: 'another' }, { token: 'abc' });
  const origin = { database: 'test', remoteAddress: 'memory' };
  expect(seen).toEqual([
    { ...origin, login: 'ann', passcode: 'secret' },
    { ...origin, token: 'abc' },
  ]);
});

describe('a new sign-in on the same connection', () => {
  test('replaces the user by a token as a JSON string, an object, or a header, and null to sign out', async () => {
    const client = await (await openFixture()).client();
    client.send('SUBSCRIBE', { id: 'u', destination: '/.info/user' });
    client.send('SEND', { destination: '/.auth' }, '"token-bob"');
    client.send('SEND', { destination: '/.auth' }, { token: 'token-ann' });
    client.send('SEND', { destination: '/.auth', token: 'token-bob' });
    client.send('SEND', { destination: '/.auth' }, 'null');
    const bodies = (await client.rest()).map((frame) => JSON.parse(frame.body)?.uid ?? null);
    expect(bodies).toEqual([null, 'bob', 'ann', 'bob', null]);
  });

  test('that fails keeps the old user when refusals are listened to', async () => {
    const client = await (await openFixture()).client({ headers: { token: 'token-ann' } });
    client.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    expect(await client.ask('SEND', { destination: '/.auth' }, '"nonsense"')).toMatchObject({
      command: 'MESSAGE',
      headers: { code: 'unauthenticated', destination: '/.errors' },
    });
    client.send('SUBSCRIBE', { id: 'u', destination: '/.info/user' });
    expect(JSON.parse((await client.next()).body)).toMatchObject({ uid: 'ann' });
  });

  test('decides the rights of subscriptions again, and goes on without loss where they hold', async () => {
    const { client, database } = await openFixture({
      authorizer: {
        read: ({ principal, path }) => ({
          allowed: path[0] !== 'ann' || (principal.kind === 'user' && principal.uid === 'ann'),
        }),
        write: () => ({ allowed: true }),
      },
    });
    const session = await client({ headers: { token: 'token-ann' } });
    session.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    session.send('SUBSCRIBE', { id: 'own', destination: '/ann' });
    session.send('SUBSCRIBE', { id: 'all', destination: '/public' });
    await session.rest();
    expect((await session.ask('SEND', { destination: '/.auth' }, '"token-bob"')).command).toBe('RECEIPT');
    const notices = await session.rest();
    expect(notices.find((frame) => frame.headers.code !== undefined)).toMatchObject({
      headers: { code: 'permission-denied' },
    });
    await put(database, '/ann/secret', 1);
    await put(database, '/public/news', 2);
    const after = await session.rest();
    expect(after.map((frame) => frame.headers.destination)).toEqual(['/public/news']);
  });
});

test('an expired credential allows no more than being nobody does', async () => {
  let now = 1_000_000;
  const { client, database } = await openFixture({
    now: () => now,
    authenticate: async () => ({ kind: 'user', uid: 'ann', provider: 'test', claims: {}, expiresAt: 1_005_000 }),
    authorizer: {
      read: ({ principal, path }) => ({ allowed: path[0] !== 'ann' || principal.kind === 'user' }),
      write: () => ({ allowed: true }),
    },
  });
  const session = await client();
  session.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
  session.send('SUBSCRIBE', { id: 'own', destination: '/ann' });
  session.send('SUBSCRIBE', { id: 'all', destination: '/public' });
  expect((await session.ask('SEND', { destination: '/ann' }, '1')).command).toBe('RECEIPT');
  await session.rest();
  now += 6_000;
  expect(await session.next()).toMatchObject({
    headers: { code: 'permission-denied' },
    body: expect.stringContaining('own'),
  });
  expect((await session.ask('SEND', { destination: '/ann' }, '2')).headers.code).toBe('unauthenticated');
  await put(database, '/ann', 3);
  await put(database, '/public', 4);
  expect((await session.rest()).map((frame) => frame.headers.destination)).toEqual(['/public']);
});
