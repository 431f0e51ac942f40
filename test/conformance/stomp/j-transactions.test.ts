import { expect } from 'vitest';
import { aMoment, expectNothing, nextValue, section, subscribe, write } from './world.js';

section('J transactions', ({ check }) => {
  check('J01', 'nothing is delivered before COMMIT, all of it after', async (world) => {
    const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
    const [a, b] = [await subscribe(subscriber, world.path('a')), await subscribe(subscriber, world.path('b'))];
    await sender.request('BEGIN', { transaction: 't' });
    await write(sender, world.path('a'), 1, { transaction: 't' });
    await write(sender, world.path('b'), 2, { transaction: 't' });
    await expectNothing(world, subscriber);
    expect(await world.read(world.path('a'))).toBeNull();
    await sender.request('COMMIT', { transaction: 't' });
    expect(await nextValue(subscriber, a.id)).toBe(1);
    expect(await nextValue(subscriber, b.id)).toBe(2);
  });

  check('J02', 'ABORT discards', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 1, { transaction: 't' });
    await client.request('ABORT', { transaction: 't' });
    await expectNothing(world, client, id);
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('J03', 'DISCONNECT aborts what is open', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 1, { transaction: 't' });
    await client.request('DISCONNECT');
    await client.end();
    await aMoment();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('J04', 'a lost connection aborts what is open', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 1, { transaction: 't' });
    client.destroy();
    await aMoment();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('J05', 'the same name on two connections is two transactions', async (world) => {
    const [one, two] = await Promise.all([world.connect(), world.connect()]);
    for (const client of [one, two]) await client.request('BEGIN', { transaction: 't' });
    await write(one, world.path('one'), 1, { transaction: 't' });
    await write(two, world.path('two'), 2, { transaction: 't' });
    await one.request('COMMIT', { transaction: 't' });
    expect(await world.read(world.path('one'))).toBe(1);
    expect(await world.read(world.path('two'))).toBeNull();
    await two.request('COMMIT', { transaction: 't' });
    expect(await world.read(world.path('two'))).toBe(2);
  });

  check('J06', 'two open transactions on one connection are separate', async (world) => {
    const client = await world.connect();
    for (const transaction of ['t1', 't2']) await client.request('BEGIN', { transaction });
    await write(client, world.path('one'), 1, { transaction: 't1' });
    await write(client, world.path('two'), 2, { transaction: 't2' });
    await client.request('ABORT', { transaction: 't1' });
    await client.request('COMMIT', { transaction: 't2' });
    expect(await world.read(world.path('one'))).toBeNull();
    expect(await world.read(world.path('two'))).toBe(2);
  });

  check('J07', 'a name may be used again after COMMIT and after ABORT', async (world) => {
    const client = await world.connect();
    for (const end of ['COMMIT', 'ABORT', 'COMMIT']) {
      await client.request('BEGIN', { transaction: 't' });
      await write(client, world.path('a'), end, { transaction: 't' });
      await client.request(end, { transaction: 't' });
    }
    expect(await world.read(world.path('a'))).toBe('COMMIT');
  });

  check('J08', 'a SEND without transaction header is delivered at once while one is open', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 'now');
    expect(await nextValue(client, id)).toBe('now');
  });

  check('J09', 'COMMIT of a finished transaction is an error', async (world) => {
    for (const end of ['COMMIT', 'ABORT']) {
      const client = await world.connect();
      await client.request('BEGIN', { transaction: 't' });
      await client.request(end, { transaction: 't' });
      client.send('COMMIT', { transaction: 't' });
      await client.refusal();
    }
  });

  check('J10', 'the SENDs of a transaction keep their order', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), { x: 1, y: 1 }, { transaction: 't' });
    await write(client, world.path('a/x'), 2, { transaction: 't' });
    await write(client, world.path('a/y'), null, { transaction: 't' });
    await write(client, world.path('a/z'), 3, { transaction: 't' });
    await client.request('COMMIT', { transaction: 't' });
    expect(await world.read(world.path('a'))).toEqual({ x: 2, z: 3 });
  });

  check('J11', 'a SEND that fails within a transaction: nothing of it is delivered', async (world) => {
    const [client, subscriber] = await Promise.all([world.connect(), world.connect()]);
    const { id } = await subscribe(subscriber, world.path('a'));
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: world.path('a'), transaction: 't' }, '"good"');
    client.send('SEND', { destination: '/bad.path', transaction: 't' }, '"bad"');
    client.send('COMMIT', { transaction: 't', receipt: 'c' });
    await client.refusal();
    await expectNothing(world, subscriber, id);
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('J12', 'an ERROR elsewhere aborts the open transaction', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 1, { transaction: 't' });
    client.send('JUMP');
    client.send('COMMIT', { transaction: 't' });
    await client.refusal();
    await aMoment();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('J13', 'one transaction over several destinations is delivered to all', async (world) => {
    const client = await world.connect();
    const names = ['a', 'b/c', 'd/e/f'];
    const subscriptions = [];
    for (const name of names) subscriptions.push(await subscribe(client, world.path(name)));
    await client.request('BEGIN', { transaction: 't' });
    for (const name of names) await write(client, world.path(name), name, { transaction: 't' });
    await client.request('COMMIT', { transaction: 't' });
    for (const [index, name] of names.entries()) expect(await nextValue(client, subscriptions[index]!.id)).toBe(name);
  });

  check('J14', 'names are opaque ("__proto__")', async (world) => {
    const client = await world.connect();
    for (const transaction of ['__proto__', 'constructor', ' ', '😀']) {
      await client.request('BEGIN', { transaction });
      await write(client, world.path('a'), transaction, { transaction });
      await client.request('COMMIT', { transaction });
      expect(await world.read(world.path('a'))).toBe(transaction);
    }
  });

  check(
    'J15',
    'many open transactions on one connection: served up to a limit, then refused, never a hang',
    async (world) => {
      const client = await world.connect();
      for (let n = 0; n < 1_000; n++) client.send('BEGIN', { transaction: `t${n}`, receipt: `${n}` });
      await client.take(
        'the last answer',
        (frame) => frame.command === 'ERROR' || frame.headers.get('receipt-id') === '999',
      );
      expect(client.received.filter((frame) => frame.command === 'RECEIPT').length).toBeGreaterThanOrEqual(16);
    },
  );
});
