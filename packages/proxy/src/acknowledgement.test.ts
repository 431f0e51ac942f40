import { describe, expect, test } from 'vitest';
import { openFixture, put } from './session-fixture.js';

describe('prefetch-count', () => {
  test('holds events back until room is made, then tells their sum', async () => {
    const { client, database } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client', 'prefetch-count': '2' });
    for (let i = 1; i <= 10; i += 1) await put(database, '/n', i);
    const seen = await session.rest();
    expect(seen.map((frame) => frame.body)).toEqual(['null', '1']);
    expect((await session.ask('ACK', { id: seen[1]!.headers.ack! })).command).toBe('RECEIPT');
    expect((await session.rest()).map((frame) => frame.body)).toEqual([]);
    expect((await session.ask('ACK', { id: 'x_s' })).headers.code).toBe('unknown-message');
  });

  test('an ACK brings the newest state at once', async () => {
    const { client, database } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client', 'prefetch-count': '1' });
    const first = await session.next();
    for (let i = 1; i <= 10; i += 1) await put(database, '/n', i);
    session.send('ACK', { id: first.headers.ack! });
    expect((await session.rest()).map((frame) => frame.body)).toEqual(['10']);
  });

  test('in client-individual mode each event counts for itself', async () => {
    const { client, database } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client-individual', 'prefetch-count': '3' });
    for (let i = 1; i <= 5; i += 1) await put(database, '/n', i);
    const seen = await session.rest();
    expect(seen).toHaveLength(3);
    session.send('NACK', { id: seen[2]!.headers.ack! });
    expect((await session.rest()).map((frame) => frame.body)).toEqual(['5']);
    expect((await session.ask('ACK', { id: seen[0]!.headers.ack! })).command).toBe('RECEIPT');
  });
});

describe('ACK', () => {
  test('names the message by version', async () => {
    const { client } = await openFixture();
    const v11 = await client({ version: '1.1' });
    v11.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client' });
    const in11 = await v11.next();
    expect(in11.headers).not.toHaveProperty('ack');
    const id = in11.headers['message-id']!;
    expect((await v11.ask('ACK', { 'message-id': id, subscription: 's' })).command).toBe('RECEIPT');
    const v10 = await client({ version: '1.0' });
    v10.send('SUBSCRIBE', { destination: '/n', ack: 'client' });
    expect((await v10.ask('ACK', { 'message-id': (await v10.next()).headers['message-id']! })).command).toBe('RECEIPT');
  });

  test('in 1.2 ignores the headers of other versions that some clients send along', async () => {
    const session = await (await openFixture()).client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client' });
    const { headers } = await session.next();
    expect((await session.ask('ACK', { id: headers.ack!, 'message-id': 'x', subscription: 'y' })).command).toBe(
      'RECEIPT',
    );
  });

  test('differs for one event on two subscriptions', async () => {
    const session = await (await openFixture()).client();
    session.send('SUBSCRIBE', { id: '1', destination: '/n', ack: 'client' });
    session.send('SUBSCRIBE', { id: '2', destination: '/n', ack: 'client' });
    const [one, two] = await session.rest();
    expect(one!.headers['message-id']).toBe(two!.headers['message-id']);
    expect(one!.headers.ack).not.toBe(two!.headers.ack);
  });

  test.each([
    ['1.2 without id', '1.2', { 'message-id': 'x', subscription: 's' }, 'missing-header'],
    ['1.1 without message-id', '1.1', { subscription: 's' }, 'missing-header'],
    ['1.1 without subscription', '1.1', { 'message-id': 'x' }, 'missing-header'],
    ['of what was never sent', '1.2', { id: 'never_s' }, 'unknown-message'],
    ['of what was never sent, in 1.1', '1.1', { 'message-id': 'never', subscription: 's' }, 'unknown-message'],
    ['of what cannot be an ack', '1.2', { id: 'nonsense' }, 'unknown-message'],
  ] as const)('%s is refused', async (_what, version, headers, code) => {
    const session = await (await openFixture()).client({ version });
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client' });
    expect(await session.ask('ACK', headers)).toMatchObject({ command: 'ERROR', headers: { code } });
  });

  test('within a transaction counts at COMMIT, and not after ABORT', async () => {
    const { client, database } = await openFixture();
    const session = await client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client', 'prefetch-count': '1' });
    const { headers } = await session.next();
    await put(database, '/n', 1);
    for (const [end, expected] of [
      ['ABORT', []],
      ['COMMIT', ['1']],
    ] as const) {
      await session.ask('BEGIN', { transaction: 't' });
      await session.ask('ACK', { id: headers.ack!, transaction: 't' });
      expect((await session.rest()).map((frame) => frame.body)).toEqual([]);
      session.send(end, { transaction: 't' });
      expect((await session.rest()).map((frame) => frame.body)).toEqual(expected);
    }
  });

  test('for a subscription that the server has ended is no mistake', async () => {
    const session = await (await openFixture()).client();
    session.send('SUBSCRIBE', { id: 's', destination: '/n', ack: 'client', once: 'true' });
    const { headers } = await session.next();
    expect((await session.ask('ACK', { id: headers.ack! })).command).toBe('RECEIPT');
  });
});
