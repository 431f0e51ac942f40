import { expect } from 'vitest';
import type { StompClient } from '../../harness/stomp-client.js';
import { nextValue, section, subscribe, type World, write } from './world.js';

/** A subscription in a client mode and the ack of its first MESSAGE. */
async function unacknowledged(world: World, client: StompClient): Promise<string> {
  const { first } = await subscribe(client, world.path('acked'), { ack: 'client' });
  return first.get('ack')!;
}

section('E receipts', ({ check }) => {
  check('E01', 'receipt on SEND', async (world) => {
    await write(await world.connect(), world.path('a'), 1);
    expect(await world.read(world.path('a'))).toBe(1);
  });

  check('E02', 'receipt on SUBSCRIBE', async (world) => {
    const client = await world.connect();
    await client.request('SUBSCRIBE', { id: '0', destination: world.path('a') });
  });

  check('E03', 'receipt on UNSUBSCRIBE', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await client.request('UNSUBSCRIBE', { id });
  });

  check('E04', 'receipt on BEGIN', async (world) => {
    await (await world.connect()).request('BEGIN', { transaction: 't' });
  });

  check('E05', 'receipt on COMMIT', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: world.path('a'), transaction: 't' }, '5');
    await client.request('COMMIT', { transaction: 't' });
    expect(await world.read(world.path('a'))).toBe(5);
  });

  check('E06', 'receipt on ABORT', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    await client.request('ABORT', { transaction: 't' });
  });

  check('E07', 'receipt on ACK', async (world) => {
    const client = await world.connect();
    await client.request('ACK', { id: await unacknowledged(world, client) });
  });

  check('E08', 'receipt on NACK', async (world) => {
    const client = await world.connect();
    await client.request('NACK', { id: await unacknowledged(world, client) });
  });

  check('E09', 'receipt on DISCONNECT, before the close', async (world) => {
    const client = await world.connect();
    await client.request('DISCONNECT');
    expect((await client.end()).orderly).toBe(true);
  });

  check('E10', 'no receipt header, no RECEIPT', async (world) => {
    const client = await world.connect();
    client.send('SEND', { destination: world.path('a') }, '1');
    client.send('SUBSCRIBE', { id: '0', destination: world.path('a') });
    client.send('UNSUBSCRIBE', { id: '0' });
    await write(client, world.path('b'), 1);
    expect(client.received.filter((frame) => frame.command === 'RECEIPT')).toHaveLength(1);
  });

  check('E11', 'an empty receipt value is answered with an empty receipt-id', async (world) => {
    const client = await world.connect();
    client.send('SEND', { destination: world.path('a'), receipt: '' }, '1');
    expect((await client.receipt('')).lines).toContain('receipt-id:');
  });

  check('E12', 'the same receipt value twice gives two RECEIPTs', async (world) => {
    const client = await world.connect();
    for (const body of ['1', '2']) client.send('SEND', { destination: world.path('a'), receipt: 'same' }, body);
    await client.receipt('same');
    await client.receipt('same');
  });

  check('E13', 'the RECEIPT of SUBSCRIBE means: a later SEND by anyone arrives', async (world) => {
    const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
    for (let round = 0; round < 10; round++) {
      const path = world.path(`a${round}`);
      await subscriber.request('SUBSCRIBE', { id: `s${round}`, destination: path });
      sender.send('SEND', { destination: path }, `${round + 1}`);
      await subscriber.take('the value', (frame) => frame.text === `${round + 1}`);
    }
  });

  check('E14', 'a SEND within a transaction gets its RECEIPT by COMMIT at the latest', async (world) => {
    const client = await world.connect();
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: world.path('a'), transaction: 't', receipt: 'in' }, '1');
    await client.request('COMMIT', { transaction: 't' });
    await client.receipt('in');
  });

  check('E15', 'after a refused frame there is no RECEIPT for it', async (world) => {
    const client = await world.connect();
    client.send('SEND', { receipt: 'bad' }, '1');
    await client.refusal();
    expect(client.received.filter((frame) => frame.command === 'RECEIPT')).toEqual([]);
  });

  check('E16', 'RECEIPTs come in the order of the frames', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    for (let n = 0; n < 40; n++) {
      if (n % 4 === 0) client.send('SUBSCRIBE', { id: `x${n}`, destination: world.path('b'), receipt: `${n}` });
      else if (n % 4 === 2) client.send('BEGIN', { transaction: `t${n}`, receipt: `${n}` });
      else client.send('SEND', { destination: world.path('a'), receipt: `${n}` }, `${n}`);
    }
    await client.receipt('39');
    const order = client.received.filter((frame) => /^\d+$/.test(frame.headers.get('receipt-id') ?? ''));
    expect(order.map((frame) => Number(frame.headers.get('receipt-id')))).toEqual(
      Array.from({ length: 40 }, (_, n) => n),
    );
    expect(await nextValue(client, id)).toBe(1);
  });
});
