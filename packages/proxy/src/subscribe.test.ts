import { describe, expect, test } from 'vitest';
import { openFixture, put } from './session-fixture.js';

describe('SUBSCRIBE', () => {
  test('gives its receipt, then the state, then every change', async () => {
    const { client, database } = await openFixture();
    await put(database, '/a', { x: 1 });
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/a', receipt: 'r' });
    await put(database, '/a/y', 2);
    await put(database, '/ab', 3);
    await put(database, '/', { a: { z: 1 } });
    const frames = await session.rest();
    expect(frames.map((frame) => [frame.command, frame.headers.destination, frame.body])).toEqual([
      ['RECEIPT', undefined, ''],
      ['MESSAGE', '/a', '{"x":1}'],
      ['MESSAGE', '/a/y', '2'],
      ['MESSAGE', '/a', '{"z":1}'],
    ]);
    expect(new Set(frames.map((frame) => frame.headers['message-id'])).size).toBe(4);
  });

  test('with once is over after the state, and the client may not know yet', async () => {
    const { client, database, proxy } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/a', once: 'true' });
    expect((await session.next()).body).toBe('null');
    await put(database, '/a', 1);
    expect(await session.rest()).toEqual([]);
    expect(proxy.counters.subscriptions).toBe(0);
    expect((await session.ask('UNSUBSCRIBE', { id: 's' })).command).toBe('RECEIPT');
  });

  test.each(['plain', 'original'] as const)(
    'with once shows what its connection sent before it, and not what comes behind it (%s)',
    async (envelope) => {
      const { client } = await openFixture();
      const session = await client({ envelope });
      for (const ackLevel of ['durable', 'applied']) {
        session.send('SEND', { destination: '/a', 'ack-level': ackLevel }, `"${ackLevel}"`);
        session.send('SUBSCRIBE', { id: 's', destination: '/a', once: 'true' });
        session.send('SEND', { destination: '/a' }, '"later"');
        const { body } = await session.next();
        expect(JSON.parse(body)).toEqual(envelope === 'plain' ? ackLevel : { key: '/a', message: ackLevel });
      }
    },
  );

  test.each(['/a', '/.info/connected'])(
    'behind a write gives its receipt before its first event (%s)',
    async (destination) => {
      const session = await (await openFixture()).client();
      session.send('SEND', { destination: '/b', receipt: 'written' }, '1');
      session.send('SUBSCRIBE', { id: 's', destination, receipt: 'listening' });
      const told = (await session.rest()).map(({ command, headers }) => [command, headers['receipt-id']]);
      expect(told).toEqual([
        ['RECEIPT', 'written'],
        ['RECEIPT', 'listening'],
        ['MESSAGE', undefined],
      ]);
    },
  );

  test('with resume gets what came after', async () => {
    const { client, database } = await openFixture();
    const revision = await put(database, '/a', { x: 1 });
    await put(database, '/a/y', 2);
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/a', resume: `${database.epoch}:${revision}` });
    expect(await session.next()).toMatchObject({ body: '2', headers: { destination: '/a/y', resumed: 'true' } });
    session.send('SUBSCRIBE', { id: 'o', destination: '/a', resume: `other:${revision}` });
    expect(await session.next()).toMatchObject({
      body: '{"x":1,"y":2}',
      headers: { resumed: 'false', epoch: database.epoch },
    });
  });

  test('with resume is told that it missed nothing, and what comes behind it is not held up', async () => {
    const { client, database } = await openFixture();
    const revision = await put(database, '/', { a: 1, b: 2 });
    const session = await client();
    const resume = `${database.epoch}:${revision}`;
    session.send('SUBSCRIBE', { id: 'a', destination: '/a', resume });
    session.send('SUBSCRIBE', { id: 'b', destination: '/b', resume });
    for (const id of ['a', 'b']) {
      expect(await session.next()).toMatchObject({
        body: '{}',
        headers: { subscription: id, event: 'patch', resumed: 'true', revision: String(revision) },
      });
    }
    expect((await session.ask('SEND', { destination: '/a' }, '3')).command).toBe('RECEIPT');
  });

  test('with a query sees its window', async () => {
    const { client, database } = await openFixture();
    await put(database, '/l', { a: 1, b: 2, c: 3 });
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/l', query: '{"orderBy":"$key","limitToLast":2}' });
    expect((await session.next()).body).toBe('{"b":2,"c":3}');
  });

  test('priorities show in format export', async () => {
    const { client } = await openFixture();
    const session = await client();
    await session.ask('SEND', { destination: '/a', priority: '7' }, '1');
    session.send('SUBSCRIBE', { id: 's', destination: '/a', format: 'export' });
    expect(JSON.parse((await session.next()).body)).toEqual({ '.value': 1, '.priority': 7 });
  });

  test('changes of priorities show in no other format, and hold nobody up who comes back', async () => {
    const { client, database } = await openFixture();
    const session = await client();
    const revision = await put(database, '/a', 1);
    session.send('SUBSCRIBE', { id: 's', destination: '/a' });
    await session.next();
    await put(database, '/a/.priority', 8);
    const resume = `${database.epoch}:${revision}`;
    for (const id of ['t', 'u']) session.send('SUBSCRIBE', { id, destination: '/a', resume });
    const told = (await session.rest()).map(({ headers, body }) => [headers.subscription, body]);
    expect(told).toEqual([
      ['t', '{}'],
      ['u', '{}'],
    ]);
  });

  test.each([
    ['of a priority alone', { id: 's', destination: '/a/.priority' }, 'invalid-path'],
    ['without a destination', { id: 's' }, 'missing-header'],
    ['without an id', { destination: '/a' }, 'missing-header'],
    ['with an undefined ack mode', { id: 's', destination: '/a', ack: 'sometimes' }, 'invalid-header'],
    ['with a selector', { id: 's', destination: '/a', selector: 'a=1' }, 'invalid-header'],
    ['with a bad query', { id: 's', destination: '/a', query: '{"x":1}' }, 'invalid-query'],
    ['with a query that is no JSON', { id: 's', destination: '/a', query: '{' }, 'invalid-query'],
    ['with a bad resume point', { id: 's', destination: '/a', resume: 'latest' }, 'invalid-header'],
    ['to a bad path', { id: 's', destination: '/a//b' }, 'invalid-path'],
    ['to an unknown reserved destination', { id: 's', destination: '/.info/secrets' }, 'invalid-path'],
  ])('%s is refused', async (_what, headers, code) => {
    const { client, proxy } = await openFixture();
    const session = await client();
    expect(await session.ask('SUBSCRIBE', headers as Record<string, string>)).toMatchObject({
      command: 'ERROR',
      headers: { code },
    });
    expect(proxy.counters.subscriptions).toBe(0);
  });

  test('an id in use is refused; on another connection it is free', async () => {
    const { client } = await openFixture();
    const [one, two] = [await client(), await client()];
    await two.ask('SUBSCRIBE', { id: 's', destination: '/a' });
    await one.ask('SUBSCRIBE', { id: 's', destination: '/a' });
    expect((await one.ask('SUBSCRIBE', { id: 's', destination: '/b' })).headers.code).toBe('duplicate-subscription');
  });

  test.each(['__proto__', 'constructor', ' two  blanks ', '🙂:\n\\', 'x'.repeat(500)])(
    'ids are opaque: %j',
    async (id) => {
      const { client, database } = await openFixture();
      const session = await client();
      session.send('SUBSCRIBE', { id, destination: '/a', ack: 'client' });
      const first = await session.next();
      expect(first.headers.subscription).toBe(id);
      expect((await session.ask('ACK', { id: first.headers.ack! })).command).toBe('RECEIPT');
      expect((await session.ask('UNSUBSCRIBE', { id })).command).toBe('RECEIPT');
      await put(database, '/a', 1);
      expect(await session.rest()).toEqual([]);
    },
  );

  test('a right that is lost ends the subscription with a notice', async () => {
    const { client } = await openFixture({
      authorizer: { read: () => ({ allowed: false, trace: 't1' }), write: () => ({ allowed: true }) },
    });
    const session = await client();
    expect(await session.ask('SUBSCRIBE', { id: 's', destination: '/a' })).toMatchObject({
      command: 'ERROR',
      headers: { code: 'permission-denied', trace: 't1', 'receipt-id': 'asked' },
    });
  });

  test('a connection has so many subscriptions and no more', async () => {
    const { client } = await openFixture({ limits: { subscriptions: 2 } });
    const session = await client();
    session.send('SUBSCRIBE', { id: '1', destination: '/a' });
    session.send('SUBSCRIBE', { id: '2', destination: '/a' });
    expect((await session.ask('SUBSCRIBE', { id: '3', destination: '/a' })).headers.code).toBe('limit-exceeded');
  });
});

describe('subscribers with equal parameters', () => {
  test('get the very same octets', async () => {
    const { client, database } = await openFixture();
    const sessions = await Promise.all(Array.from({ length: 3 }, () => client()));
    for (const session of sessions) {
      session.send('SUBSCRIBE', { id: 'sub-0', destination: '/a' });
      await session.next();
    }
    const written: Uint8Array[] = [];
    for (const { transport } of sessions) {
      const write = transport.write.bind(transport);
      transport.write = (octets) => {
        written.push(octets);
        write(octets);
      };
    }
    await Promise.all([put(database, '/a/x', 1), put(database, '/a/y', 2)]);
    await sessions[0]!.rest();
    expect(written).toHaveLength(3);
    expect(new Set(written).size).toBe(1);
  });
});

describe('1.0', () => {
  test('needs no id and unsubscribes by destination', async () => {
    const { client, database } = await openFixture();
    const session = await client({ version: '1.0' });
    session.send('SUBSCRIBE', { destination: '/a' });
    expect((await session.next()).headers).not.toHaveProperty('subscription');
    expect((await session.ask('UNSUBSCRIBE', { destination: 'a' })).command).toBe('RECEIPT');
    await put(database, '/a', 1);
    expect(await session.rest()).toEqual([]);
  });

  test('may name one, and is told it', async () => {
    const session = await (await openFixture()).client({ version: '1.0' });
    session.send('SUBSCRIBE', { destination: '/a', id: 's' });
    expect((await session.next()).headers.subscription).toBe('s');
    expect((await session.ask('UNSUBSCRIBE', { id: 's' })).command).toBe('RECEIPT');
  });
});

describe('reserved destinations', () => {
  test('tell about the connection', async () => {
    const session = await (await openFixture({ now: () => 5_000 })).client();
    session.send('SUBSCRIBE', { id: 'c', destination: '/.info/connected' });
    session.send('SUBSCRIBE', { id: 'o', destination: '/.info/serverTimeOffset', 'client-time': '4000' });
    expect((await session.rest()).map((frame) => frame.body)).toEqual(['true', '1000']);
  });

  test('of two subscriptions to /.errors the other goes on when one ends', async () => {
    const { client } = await openFixture();
    const session = await client();
    for (const id of ['one', 'two']) session.send('SUBSCRIBE', { id, destination: '/.errors' });
    session.send('UNSUBSCRIBE', { id: 'two' });
    session.send('SEND', { destination: '/a' }, '{');
    expect(await session.next()).toMatchObject({ command: 'MESSAGE', headers: { subscription: 'one' } });
  });

  test('a refused SUBSCRIBE is told by its id', async () => {
    const { client } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    session.send('SUBSCRIBE', { id: 'bad', destination: '/a.b' });
    expect(JSON.parse((await session.next()).body)).toMatchObject({ code: 'invalid-path', subscription: 'bad' });
  });

  test.each([{ id: 'x'.repeat(1_025) }, { query: ' '.repeat(8_193) }])(
    'an endless name is refused',
    async (headers) => {
      const session = await (await openFixture()).client();
      const answer = await session.ask('SUBSCRIBE', { id: 's', destination: '/a', ...headers });
      expect(answer.headers.code).toBe('invalid-header');
    },
  );

  test('/.errors keeps the connection when a single operation is refused, and not for a broken protocol', async () => {
    const { client } = await openFixture({
      authorizer: { read: () => ({ allowed: true }), write: () => ({ allowed: false, trace: 't9' }) },
    });
    const session = await client();
    session.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    const refusal = await session.ask('SEND', { destination: '/a' }, '1');
    expect(refusal).toMatchObject({
      command: 'MESSAGE',
      headers: {
        subscription: 'e',
        destination: '/.errors',
        code: 'permission-denied',
        trace: 't9',
        'receipt-id': 'asked',
      },
    });
    expect(JSON.parse(refusal.body)).toMatchObject({ code: 'permission-denied', trace: 't9' });
    for (const headers of [
      { 'ack-level': 'replicated' },
      { 'ack-level': 'soon' },
      { 'on-disconnect': 'set', grace: '1.5' },
    ]) {
      const answer = await session.ask('SEND', { destination: '/a', ...headers }, '1');
      expect(answer).toMatchObject({ command: 'MESSAGE', headers: { code: 'invalid-header' } });
    }
    expect(session.transport.closeReason).toBe(null);
    session.send('COMMIT', { transaction: 'none' });
    expect((await session.next()).command).toBe('ERROR');
  });
});

describe('the original envelope', () => {
  test('wraps values with their key, and patches become one message per path', async () => {
    const { client, database } = await openFixture();
    const session = await client({ version: '1.1', envelope: 'original' });
    session.send('SUBSCRIBE', { id: 's', destination: '/users' });
    expect(JSON.parse((await session.next()).body)).toEqual({ key: '/users', message: null });
    await put(database, '/users/bob', { age: 7 });
    expect(await session.next()).toMatchObject({
      body: '{"key":"/users/bob","message":{"age":7}}',
      headers: { destination: '/users/bob' },
    });
    const writer = await client({ envelope: 'original' });
    await writer.ask('SEND', { destination: '/users', method: 'update' }, { ann: 1, 'bob/age': null });
    const bodies = (await session.rest()).map((frame) => JSON.parse(frame.body));
    expect(bodies).toEqual([
      { key: '/users/ann', message: 1 },
      { key: '/users/bob/age', message: null },
    ]);
  });
});
