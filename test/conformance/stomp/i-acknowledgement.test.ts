import { expect } from 'vitest';
import type { StompClient } from '../../harness/stomp-client.js';
import { nextValue, section, subscribe, type World, write } from './world.js';

const NO_QUEUES = 'every subscriber of a tree sees every change; there are no queues with competing consumers';

/** Writes `count` values and returns the MESSAGEs of the subscription, one for each. */
async function messages(world: World, client: StompClient, options: { id: string; count: number }) {
  const frames = [];
  for (let n = 1; n <= options.count; n++) {
    await write(client, world.path('a'), n);
    frames.push((await client.message(options.id)).headers);
  }
  return frames;
}

section('I ACK and NACK', ({ check, notApplicable }) => {
  check('I01', '1.2: ACK id:<ack of the MESSAGE>', async (world) => {
    const client = await world.connect('1.2');
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client' });
    await client.request('ACK', { id: first.get('ack')! });
    const [message] = await messages(world, client, { id, count: 1 });
    await client.request('ACK', { id: message!.get('ack')! });
  });

  check('I02', '1.1: ACK message-id + subscription', async (world) => {
    const client = await world.connect('1.1');
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client' });
    await client.request('ACK', { subscription: id, 'message-id': first.get('message-id')! });
  });

  check('I03', '1.0: ACK message-id', async (world) => {
    const client = await world.connect('1.0');
    const { first } = await subscribe(client, world.path('a'), { ack: 'client' });
    await client.request('ACK', { 'message-id': first.get('message-id')! });
  });

  check('I04', 'client-individual in 1.1 and 1.2, ACK out of order', async (world) => {
    for (const version of ['1.1', '1.2'] as const) {
      const client = await world.connect(version);
      const { id, first } = await subscribe(client, world.path('a'), { ack: 'client-individual' });
      const later = await messages(world, client, { id, count: 2 });
      for (const message of [later[1]!, first, later[0]!]) {
        const headers = { subscription: id, 'message-id': message.get('message-id')! };
        await client.request('ACK', version === '1.1' ? headers : { id: message.get('ack')! });
      }
    }
  });

  check('I05', 'client: one ACK for the last of several is enough, the session goes on', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'), { ack: 'client', 'prefetch-count': '4' });
    const three = await messages(world, client, { id, count: 3 });
    await client.request('ACK', { id: three[2]!.get('ack')! });
    await messages(world, client, { id, count: 3 });
  });

  check('I06', '1.1: NACK message-id + subscription', async (world) => {
    const client = await world.connect('1.1');
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client' });
    await client.request('NACK', { subscription: id, 'message-id': first.get('message-id')! });
  });

  check('I07', '1.0 has no NACK: served or refused, never a hang', async (world) => {
    const client = await world.connect('1.0');
    const { first } = await subscribe(client, world.path('a'), { ack: 'client' });
    client.send('NACK', { 'message-id': first.get('message-id')!, receipt: '1' });
    const answer = await client.take('an answer', (frame) => frame.command !== 'MESSAGE');
    expect(['RECEIPT', 'ERROR']).toContain(answer.command);
  });

  check('I08', '1.2: ack values of one message on two subscriptions differ', async (world) => {
    const client = await world.connect();
    const one = await subscribe(client, world.path('a'), { ack: 'client' });
    const two = await subscribe(client, world.path('a'), { ack: 'client' });
    await write(client, world.path('a'), 1);
    const acks = [await client.message(one.id), await client.message(two.id)].map((frame) => frame.headers.get('ack')!);
    expect(new Set(acks).size).toBe(2);
    for (const id of acks.toReversed()) await client.request('ACK', { id });
  });

  check('I09', '1.1: ACK with the wrong subscription is an error', async (world) => {
    const client = await world.connect('1.1');
    const { first } = await subscribe(client, world.path('a'), { ack: 'client' });
    await subscribe(client, world.path('b'), { id: 'other', ack: 'client' });
    client.send('ACK', { subscription: 'other', 'message-id': first.get('message-id')! });
    await client.refusal();
  });

  check('I10', 'ACK of the same message twice is served or refused, never a hang', async (world) => {
    const client = await world.connect();
    const { first } = await subscribe(client, world.path('a'), { ack: 'client-individual' });
    await client.request('ACK', { id: first.get('ack')! });
    client.send('ACK', { id: first.get('ack')!, receipt: 'twice' });
    const answer = await client.take('an answer', () => true);
    expect(['RECEIPT', 'ERROR']).toContain(answer.command);
  });

  check('I11', 'ACK within a transaction, then COMMIT', async (world) => {
    const client = await world.connect();
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client', 'prefetch-count': '1' });
    await client.request('BEGIN', { transaction: 't' });
    await client.request('ACK', { id: first.get('ack')!, transaction: 't' });
    await client.request('COMMIT', { transaction: 't' });
    await messages(world, client, { id, count: 1 });
  });

  check('I12', 'after ABORT an ACK of that transaction does not count: it can be given again', async (world) => {
    const client = await world.connect();
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client', 'prefetch-count': '1' });
    await client.request('BEGIN', { transaction: 't' });
    await client.request('ACK', { id: first.get('ack')!, transaction: 't' });
    await client.request('ABORT', { transaction: 't' });
    await write(client, world.path('a'), 'waits');
    await write(client, world.path('b'), 'more');
    expect(client.pending.filter((frame) => frame.command === 'MESSAGE')).toEqual([]);
    await client.request('ACK', { id: first.get('ack')! });
    expect(await nextValue(client, id)).toBe('waits');
  });

  check('I17', '1.2: ACK with id and also message-id, subscription (stompit, Net::Stomp send all)', async (world) => {
    const client = await world.connect();
    const { id, first } = await subscribe(client, world.path('a'), { ack: 'client' });
    const all = { id: first.get('ack')!, 'message-id': first.get('message-id')!, subscription: id };
    await client.request('ACK', all);
  });

  notApplicable('I13', 'queue: what was not acknowledged is given to another client', NO_QUEUES);
  notApplicable('I14', 'queue: ACK in client mode is cumulative', NO_QUEUES);
  notApplicable('I15', 'queue: ACK in client-individual mode is not cumulative', NO_QUEUES);
  notApplicable('I16', 'queue: an ACK in a transaction that is aborted by a close does not count', NO_QUEUES);
});
