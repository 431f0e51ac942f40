import { expect } from 'vitest';
import { expectNothing, nextValue, section, subscribe, write } from './world.js';

section('H subscriptions', ({ check }) => {
  check('H01', 'one id for two subscriptions on a connection', async (world) => {
    const client = await world.connect();
    await subscribe(client, world.path('a'), { id: 'same' });
    client.send('SUBSCRIBE', { id: 'same', destination: world.path('b'), receipt: '2' });
    expect((await client.refusal()).headers.get('receipt-id')).toBe('2');
    expect(
      client.received.some((frame) => frame.headers.get('receipt-id') === '2' && frame.command === 'RECEIPT'),
    ).toBe(false);
  });

  check('H02', 'the same id on two connections is fine', async (world) => {
    const clients = await Promise.all([world.connect(), world.connect()]);
    for (const [index, client] of clients.entries()) await subscribe(client, world.path(`${index}`), { id: 'same' });
    for (const [index, client] of clients.entries()) {
      await write(client, world.path(`${index}`), index);
      expect(await nextValue(client, 'same')).toBe(index);
    }
  });

  check('H03', 'two ids on one destination: delivered once for each', async (world) => {
    const client = await world.connect();
    const [one, two] = [await subscribe(client, world.path('a')), await subscribe(client, world.path('a'))];
    await write(client, world.path('a'), 1);
    expect(await nextValue(client, one.id)).toBe(1);
    expect(await nextValue(client, two.id)).toBe(1);
    await expectNothing(world, client);
  });

  check('H04', 'after UNSUBSCRIBE and its RECEIPT nothing more comes', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await client.request('UNSUBSCRIBE', { id });
    await write(client, world.path('a'), 1);
    await expectNothing(world, client, id);
  });

  check('H05', 'an id may be used again after UNSUBSCRIBE', async (world) => {
    const client = await world.connect();
    await subscribe(client, world.path('a'), { id: 'again' });
    await client.request('UNSUBSCRIBE', { id: 'again' });
    await subscribe(client, world.path('b'), { id: 'again' });
    await write(client, world.path('a'), 'old');
    await write(client, world.path('b'), 'new');
    expect(await nextValue(client, 'again')).toBe('new');
  });

  check('H06', '1.0: UNSUBSCRIBE by destination', async (world) => {
    const client = await world.connect('1.0');
    await client.request('SUBSCRIBE', { destination: world.path('a') });
    await client.message();
    await client.request('UNSUBSCRIBE', { destination: world.path('a') });
    await write(client, world.path('a'), 1);
    await expectNothing(world, client);
  });

  check('H07', '1.0: SUBSCRIBE without id', async (world) => {
    const client = await world.connect('1.0');
    await client.request('SUBSCRIBE', { destination: world.path('a') });
    expect((await client.message()).text).toBe('null');
    await write(client, world.path('a'), 1);
    const message = await client.message();
    expect(message.text).toBe('1');
    expect(message.headers.get('destination')).toBe(world.path('a'));
  });

  check('H08', '1.0: SUBSCRIBE with id puts subscription on MESSAGE', async (world) => {
    const client = await world.connect('1.0');
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1);
    expect((await client.message(id)).text).toBe('1');
  });

  check('H09', '1.0: UNSUBSCRIBE by id', async (world) => {
    const client = await world.connect('1.0');
    const { id } = await subscribe(client, world.path('a'));
    await client.request('UNSUBSCRIBE', { id });
    await write(client, world.path('a'), 1);
    await expectNothing(world, client, id);
  });

  check('H10', 'ids are opaque: "__proto__", "constructor", blanks, emoji, 500 characters', async (world) => {
    const client = await world.connect();
    const ids = ['__proto__', 'constructor', ' two  blanks ', '😀', 'x'.repeat(500), 'toString'];
    for (const [index, id] of ids.entries()) await subscribe(client, world.path(`${index}`), { id });
    for (const [index, id] of ids.entries()) {
      await write(client, world.path(`${index}`), id);
      expect(await nextValue(client, id)).toBe(id);
      await client.request('UNSUBSCRIBE', { id });
    }
  });

  check('H11', 'UNSUBSCRIBE of one id leaves the other on the same destination', async (world) => {
    const client = await world.connect();
    const [one, two] = [await subscribe(client, world.path('a')), await subscribe(client, world.path('a'))];
    await client.request('UNSUBSCRIBE', { id: one.id });
    await write(client, world.path('a'), 1);
    expect(await nextValue(client, two.id)).toBe(1);
    await expectNothing(world, client, one.id);
  });

  for (const [id, headers] of [
    ['H12', {}],
    ['H13', { ack: 'auto' }],
  ] as const) {
    const title = id === 'H12' ? 'ack defaults to auto: 50 messages without any ACK' : 'explicit ack:auto';
    check(id, title, async (world) => {
      const client = await world.connect();
      const subscription = await subscribe(client, world.path('a'), headers);
      expect(subscription.first.has('ack')).toBe(false);
      for (let n = 1; n <= 50; n++) {
        await write(client, world.path('a'), n);
        expect(await nextValue(client, subscription.id)).toBe(n);
      }
    });
  }

  check('H14', '300 subscriptions on one connection', async (world) => {
    const client = await world.connect();
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    for (const n of numbers) client.send('SUBSCRIBE', { id: `s${n}`, destination: world.path(`${n}`) });
    for (const n of numbers) expect(await nextValue(client, `s${n}`)).toBeNull();
    for (const n of numbers) client.send('SEND', { destination: world.path(`${n}`) }, `${n + 1}`);
    for (const n of numbers) expect(await nextValue(client, `s${n}`)).toBe(n + 1);
  });

  check('H15', 'SUBSCRIBE with an unknown extra header is fine', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'), { 'x-unknown': 'value', 'activemq.prefetchSize': '1' });
    await write(client, world.path('a'), 1);
    expect(await nextValue(client, id)).toBe(1);
  });
});
