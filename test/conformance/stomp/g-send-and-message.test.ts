import { expect } from 'vitest';
import { expectNothing, nextValue, section, subscribe, write } from './world.js';

section('G SEND and MESSAGE', ({ check }) => {
  check(
    'G01',
    'SEND reaches a subscriber on another connection; destination, message-id, subscription are set',
    async (world) => {
      const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
      const { id } = await subscribe(subscriber, world.path('a'));
      await write(sender, world.path('a'), { text: 'hi' });
      const message = await subscriber.message(id);
      expect(JSON.parse(message.text)).toEqual({ text: 'hi' });
      for (const name of ['destination', 'message-id', 'subscription']) expect(message.headers.get(name)).toMatch(/\S/);
    },
  );

  check('G02', 'MESSAGE destination is that of the SEND', async (world) => {
    const client = await world.connect();
    const { id, first } = await subscribe(client, world.path('a'));
    expect(first.get('destination')).toBe(world.path('a'));
    await write(client, world.path('a/b/c'), 1);
    expect((await client.message(id)).headers.get('destination')).toBe(world.path('a/b/c'));
  });

  check('G03', 'message-id is unique', async (world) => {
    const client = await world.connect();
    const [one, two] = [await subscribe(client, world.path('a')), await subscribe(client, world.path('b'))];
    const seen = [one.first.get('message-id'), two.first.get('message-id')];
    for (let n = 1; n <= 10; n++) {
      await write(client, world.path('a'), n);
      seen.push((await client.message(one.id)).headers.get('message-id'));
      await write(client, world.path('b'), n);
      seen.push((await client.message(two.id)).headers.get('message-id'));
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  check('G04', 'user headers of SEND are in MESSAGE', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1, { 'x-one': 'first', 'correlation-id': '42' });
    const message = await client.message(id);
    expect(message.headers.get('x-one')).toBe('first');
    expect(message.headers.get('correlation-id')).toBe('42');
  });

  check('G05', 'messages of one sender keep their order', async (world) => {
    const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
    const { id } = await subscribe(subscriber, world.path('a'));
    for (let n = 1; n <= 200; n++) sender.send('SEND', { destination: world.path('a') }, `${n}`);
    for (let n = 1; n <= 200; n++) expect(await nextValue(subscriber, id)).toBe(n);
  });

  check('G06', 'two subscribers on different connections both get it', async (world) => {
    const clients = await Promise.all([world.connect(), world.connect('1.1')]);
    const subscriptions = await Promise.all(clients.map((client) => subscribe(client, world.path('a'))));
    await write(clients[0], world.path('a'), 'both');
    for (const [index, client] of clients.entries())
      expect(await nextValue(client, subscriptions[index]!.id)).toBe('both');
  });

  check('G07', 'versions mix: a 1.2 SEND with an escaped header reads right in 1.0 and 1.1', async (world) => {
    const sender = await world.connect('1.2');
    const [old, newer] = [await world.connect('1.0'), await world.connect('1.1')];
    const [inOld, inNewer] = [await subscribe(old, world.path('a')), await subscribe(newer, world.path('a'))];
    await write(sender, world.path('a'), 1, { 'x-note': 'a:b\\c', 'x-lines': 'one\ntwo' });
    const oldMessage = await old.message(inOld.id);
    expect(oldMessage.lines).toContain('x-note:a:b\\c');
    const newMessage = await newer.message(inNewer.id);
    expect(newMessage.lines).toContain('x-note:a\\cb\\\\c');
    expect(newMessage.headers.get('x-lines')).toBe('one\ntwo');
  });

  check('G08', '1.2: MESSAGE has an ack header in client modes', async (world) => {
    const client = await world.connect();
    for (const ack of ['client', 'client-individual']) {
      const { id, first } = await subscribe(client, world.path(ack), { ack });
      await write(client, world.path(ack), 1);
      expect(first.get('ack')).toMatch(/\S/);
      expect((await client.message(id)).headers.get('ack')).toMatch(/\S/);
    }
  });

  check('G09', 'a sender cannot forge subscription, message-id or ack', async (world) => {
    const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
    const { id } = await subscribe(subscriber, world.path('a'), { ack: 'client' });
    const forged = { subscription: 'forged', 'message-id': 'forged', ack: 'forged' };
    sender.send('SEND', { destination: world.path('a'), receipt: '1', ...forged }, '1');
    const answer = await sender.take('an answer', () => true);
    if (answer.command === 'ERROR') return;
    const message = await subscriber.message(id);
    expect(message.lines.filter((line) => line.includes('forged'))).toEqual([]);
  });

  check('G10', 'receipt and transaction headers of a SEND do not leak into MESSAGE', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await client.request('BEGIN', { transaction: 't' });
    await write(client, world.path('a'), 1, { transaction: 't', login: 'l', passcode: 'p' });
    await client.request('COMMIT', { transaction: 't' });
    const message = await client.message(id);
    for (const name of ['receipt', 'transaction', 'login', 'passcode']) expect(message.headers.has(name)).toBe(false);
  });

  check('G11', 'a sender does not need to subscribe, and gets no copy unless it did', async (world) => {
    const client = await world.connect();
    await write(client, world.path('a'), 1);
    await expectNothing(world, client);
  });

  check('G12', 'destinations do not mix: only the one written is delivered', async (world) => {
    const client = await world.connect();
    const [a, b] = [await subscribe(client, world.path('a')), await subscribe(client, world.path('b'))];
    await write(client, world.path('a'), 'for a');
    expect(await nextValue(client, a.id)).toBe('for a');
    await expectNothing(world, client, b.id);
  });

  check('G13', '20 connections on one destination all get one SEND', async (world) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => world.connect()));
    const subscriptions = await Promise.all(clients.map((client) => subscribe(client, world.path('a'))));
    await write(clients[0]!, world.path('a'), 'to all');
    for (const [index, client] of clients.entries()) {
      expect(await nextValue(client, subscriptions[index]!.id)).toBe('to all');
      await expectNothing(world, client, subscriptions[index]!.id);
    }
  });

  check('G14', 'the headers that the server adds to MESSAGE are the documented ones', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1);
    const message = await client.message(id);
    expect([...message.headers.keys()].toSorted()).toEqual(
      ['content-length', 'content-type', 'destination', 'event', 'message-id', 'revision', 'subscription'].toSorted(),
    );
  });
});
