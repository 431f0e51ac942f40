import { describe, expect, test, vi } from 'vitest';
import { openFixture, put, valueAt } from './session-fixture.js';

describe('SEND', () => {
  test('sets by default, and by method updates, pushes and removes', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    client.send('SEND', { destination: '/a' }, { x: 1, y: 2 });
    client.send('SEND', { destination: '/a', method: 'update' }, { y: 3, 'z/deep': 4 });
    const pushed = await client.ask('SEND', { destination: '/list', method: 'push' }, '"first"');
    expect(valueAt(fixture, '/a')).toEqual({ x: 1, y: 3, z: { deep: 4 } });
    expect(pushed.headers.destination).toMatch(/^\/list\/-[\w-]{19}$/);
    await client.ask('SEND', { destination: '/a/z', method: 'remove' });
    await client.ask('SEND', { destination: '/a/x' }, 'null');
    expect(valueAt(fixture, '/a')).toEqual({ y: 3 });
    expect(valueAt(fixture, pushed.headers.destination!)).toBe('first');
  });

  test('keeps a priority, as a number where it reads as one', async () => {
    const { client } = await openFixture();
    const [writer, reader] = [await client(), await client()];
    await writer.ask('SEND', { destination: '/p/a', priority: '2.5' }, '1');
    await writer.ask('SEND', { destination: '/p/b', priority: 'high' }, '1');
    reader.send('SUBSCRIBE', { id: 's', destination: '/p', format: 'export' });
    expect(JSON.parse((await reader.next()).body)).toEqual({
      a: { '.value': 1, '.priority': 2.5 },
      b: { '.value': 1, '.priority': 'high' },
    });
  });

  test.each([
    ['is no JSON', Buffer.from('{x')],
    ['is empty', Buffer.alloc(0)],
    ['is no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['holds a NUL', Buffer.from('"a\0b"')],
  ])('a body that %s is refused whole', async (_what, body) => {
    const { client, database } = await openFixture();
    const session = await client();
    session.transport.clientSends(
      Buffer.concat([
        Buffer.from(`SEND\ndestination:/a\nreceipt:r\ncontent-length:${body.length}\n\n`),
        body,
        Buffer.from('\0'),
      ]),
    );
    expect(await session.next()).toMatchObject({
      command: 'ERROR',
      headers: { code: 'invalid-data', 'receipt-id': 'r' },
    });
    expect(database.revision).toBe(0);
  });

  test('if-match takes a revision or a hash', async () => {
    const fixture = await openFixture();
    const revision = await put(fixture.database, '/n', 1);
    const client = await fixture.client();
    expect((await client.ask('SEND', { destination: '/n', 'if-match': String(revision) }, '2')).command).toBe(
      'RECEIPT',
    );
    expect(await client.ask('SEND', { destination: '/n', 'if-match': String(revision) }, '3')).toMatchObject({
      command: 'ERROR',
      headers: { code: 'precondition-failed' },
    });
    const other = await fixture.client();
    expect((await other.ask('SEND', { destination: '/n', 'if-match': 'nonsense=' }, '3')).command).toBe('ERROR');
    expect(valueAt(fixture, '/n')).toBe(2);
  });

  test('if-match takes what is there, or that nothing is', async () => {
    const fixture = await openFixture();
    await put(fixture.database, '/n', { '.value': 'a:\\b', '.priority': 1 });
    const ask = async (path: string, ifMatch: string): Promise<string> => {
      const other = await fixture.client();
      const answer = await other.ask('SEND', { destination: path, 'if-match': ifMatch }, '2');
      return answer.headers.code ?? answer.command;
    };
    expect(await ask('/n', '=null')).toBe('precondition-failed');
    expect(await ask('/n', '="a:\\\\b"')).toBe('precondition-failed');
    expect(await ask('/n', '={"')).toBe('invalid-header');
    expect(await ask('/n', '={"$":1}')).toBe('invalid-data');
    expect(await ask('/n', '={".value":"a:\\\\b",".priority":1}')).toBe('RECEIPT');
    await put(fixture.database, '/elsewhere', 1);
    expect(await ask('/absent', '=null')).toBe('RECEIPT');
    expect(await ask('/absent', '=null')).toBe('precondition-failed');
    expect(valueAt(fixture, '/absent')).toBe(2);
  });

  test('the same idempotency key twice is one write', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    const first = await client.ask('SEND', { destination: '/l', method: 'push', 'idempotency-key': 'k' }, '1');
    const second = await client.ask('SEND', { destination: '/l', method: 'push', 'idempotency-key': 'k' }, '1');
    expect(second.headers).toEqual(first.headers);
    expect(fixture.database.revision).toBe(1);
  });

  test.each([
    ['method', 'replace'],
    ['ack-level', 'eventually'],
    ['on-disconnect', 'panic'],
  ])('an undefined %s is refused', async (name, value) => {
    const client = await (await openFixture()).client();
    expect((await client.ask('SEND', { destination: '/a', [name]: value }, '1')).headers.code).toBe('invalid-header');
  });

  test('application headers travel; those for STOMP and for the server do not', async () => {
    const { client } = await openFixture();
    const [reader, writer] = [await client(), await client()];
    reader.send('SUBSCRIBE', { id: 's', destination: '/a' });
    await reader.next();
    await writer.ask(
      'SEND',
      {
        destination: '/a',
        'x-colour': 'red:1\nblue',
        'content-type': 'application/json;charset=utf-8',
        subscription: 'forged',
        'message-id': 'forged',
        ack: 'forged',
        passcode: 'hidden',
        login: 'hidden',
        priority: '1',
      },
      '1',
    );
    const { headers } = await reader.next();
    expect(headers).toMatchObject({
      'x-colour': 'red:1\nblue',
      'content-type': 'application/json;charset=utf-8',
      subscription: 's',
    });
    expect(Object.values(headers)).not.toContain('forged');
    expect(Object.values(headers)).not.toContain('hidden');
    expect(headers).not.toHaveProperty('receipt');
    expect(headers).not.toHaveProperty('priority');
    expect(headers).not.toHaveProperty('ack');
  });

  test('a header that a receiver cannot be given in its version is left out there', async () => {
    const { client } = await openFixture();
    const [old, writer] = [await client({ version: '1.0' }), await client()];
    old.send('SUBSCRIBE', { destination: '/a' });
    await old.next();
    await writer.ask('SEND', { destination: '/a', fits: 'a:b', not: 'two\nlines' }, '1');
    const { headers } = await old.next();
    expect(headers.fits).toBe('a:b');
    expect(headers).not.toHaveProperty('not');
  });

  test('keys such as __proto__ are ordinary data', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    expect(
      (await client.ask('SEND', { destination: '/__proto__/constructor', __proto__: 'x' }, '{"__proto__":1}')).command,
    ).toBe('RECEIPT');
    expect(JSON.stringify(valueAt(fixture, '/'))).toBe('{"__proto__":{"constructor":{"__proto__":1}}}');
  });
});

describe('answers', () => {
  test('come in the order of the frames', async () => {
    const client = await (await openFixture()).client();
    for (let i = 0; i < 50; i += 1) {
      client.send(
        'SEND',
        { destination: `/n/${i}`, receipt: `w${i}`, ...(i % 3 === 0 && { 'idempotency-key': `k${i}` }) },
        '1',
      );
      if (i % 5 === 0) client.send('BEGIN', { transaction: `t${i}`, receipt: `b${i}` });
    }
    const receipts = (await client.rest()).map((frame) => frame.headers['receipt-id']);
    const expected = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? [`w${i}`, `b${i}`] : [`w${i}`])).flat();
    expect(receipts.filter((receipt) => receipt !== undefined)).toEqual(expected.slice(0, receipts.length));
  });

  test('stop at a refused frame: an ERROR, the end, and no receipt for it', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    client.send('SEND', { destination: '/a', receipt: '1' }, '1');
    client.send('SEND', { destination: '/a/b.c', receipt: '2' }, '1');
    client.send('SEND', { destination: '/behind', receipt: '3' }, '1');
    const frames = await client.rest();
    expect(frames.map(({ command, headers }) => [command, headers['receipt-id']])).toEqual([
      ['RECEIPT', '1'],
      ['ERROR', '2'],
    ]);
    expect(client.transport.closeReason).toBe('invalid-path');
    expect(valueAt(fixture, '/behind')).toBe(null);
  });

  test('reading pauses while too many are outstanding, and goes on', async () => {
    const { client } = await openFixture({ limits: { unansweredFrames: 10 } });
    const session = await client();
    for (let i = 0; i < 100; i += 1) session.send('SEND', { destination: '/n', receipt: String(i) }, String(i));
    expect(session.transport.readingPaused).toBe(true);
    const receipts = (await session.rest()).map((frame) => frame.headers['receipt-id']);
    expect(receipts).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(session.transport.readingPaused).toBe(false);
  });

  test('DISCONNECT is answered after all before it, and nothing behind it is served', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    client.send('SEND', { destination: '/a', receipt: '1' }, '1');
    client.send('SEND', { destination: '/b' }, '1');
    client.send('DISCONNECT', { receipt: 'bye' });
    client.send('SEND', { destination: '/c', receipt: '2' }, '1');
    const frames = await client.rest();
    expect(frames.map((frame) => frame.headers['receipt-id'])).toEqual(['1', 'bye']);
    expect(client.transport.closeReason).toBe('done');
    expect(valueAt(fixture, '/')).toEqual({ a: 1, b: 1 });
  });

  test('a client that ends its side is answered first', async () => {
    const client = await (await openFixture()).client();
    client.send('SEND', { destination: '/a', receipt: '1' }, '1');
    client.transport.clientEnds();
    expect((await client.rest()).map((frame) => frame.headers['receipt-id'])).toEqual(['1']);
    expect(client.transport.closeReason).toBe('done');
  });
});

describe('on-disconnect', () => {
  test.each(['if-match', 'ack-level', 'idempotency-key'])('%s does not go with it', async (name) => {
    const { client } = await openFixture();
    const answer = await (await client()).ask('SEND', {
      destination: '/a',
      'on-disconnect': 'remove',
      [name]: 'durable',
    });
    expect(answer.headers.code).toBe('invalid-header');
  });

  test.each([
    ['-1', {}],
    ['1.5', {}],
    ['3600001', {}],
    ['1000', { 'on-disconnect': undefined }],
    ['1000', { 'on-disconnect': undefined, transaction: 't' }],
  ])('a grace of %s with %j is refused', async (grace, headers) => {
    const client = await (await openFixture()).client();
    client.send('BEGIN', { transaction: 't' });
    const all = Object.entries({ destination: '/a', 'on-disconnect': 'remove', ...headers, grace });
    const given = Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    expect((await client.ask('SEND', given, '1')).headers.code).toBe('invalid-header');
  });

  test('with a grace it is made that long after the end of the connection', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    await client.ask('SEND', { destination: '/late', 'on-disconnect': 'set', grace: '300' }, '1');
    await client.ask('SEND', { destination: '/soon', 'on-disconnect': 'set' }, '1');
    client.transport.clientVanishes();
    await client.rest();
    expect(valueAt(fixture, '/')).toEqual({ soon: 1 });
    await vi.waitFor(() => expect(valueAt(fixture, '/')).toEqual({ soon: 1, late: 1 }), { timeout: 10_000 });
  });

  test('carries the headers of the application', async () => {
    const { client } = await openFixture();
    const reader = await client();
    reader.send('SUBSCRIBE', { id: 's', destination: '/left' });
    await reader.next();
    const leaver = await client();
    await leaver.ask('SEND', { destination: '/left', 'on-disconnect': 'set', note: 'gone' }, '1');
    leaver.transport.clientVanishes();
    expect(await reader.next()).toMatchObject({ body: '1', headers: { note: 'gone' } });
  });

  test('what was left runs when the connection ends, except what was taken back', async () => {
    const fixture = await openFixture();
    const client = await fixture.client();
    await client.ask('SEND', { destination: '/online/ann' }, 'true');
    await client.ask('SEND', { destination: '/online/ann', 'on-disconnect': 'remove' });
    await client.ask('SEND', { destination: '/left/a', 'on-disconnect': 'set' }, '1');
    await client.ask('SEND', { destination: '/left/b', 'on-disconnect': 'set' }, '1');
    await client.ask('SEND', { destination: '/left/b', 'on-disconnect': 'cancel' });
    expect(valueAt(fixture, '/')).toEqual({ online: { ann: true } });
    client.transport.clientVanishes();
    await client.rest();
    expect(valueAt(fixture, '/')).toEqual({ left: { a: 1 } });
  });

  test('is refused at once if the rules forbid it', async () => {
    const { client } = await openFixture({
      authorizer: { read: () => ({ allowed: true }), write: () => ({ allowed: false }) },
    });
    const session = await client();
    expect((await session.ask('SEND', { destination: '/a', 'on-disconnect': 'remove' })).headers.code).toBe(
      'permission-denied',
    );
  });
});
