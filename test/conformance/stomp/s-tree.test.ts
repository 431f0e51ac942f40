import { expect } from 'vitest';
import { expectNothing, nextValue, section, subscribe, write } from './world.js';

section('S tree database', ({ check }) => {
  check('S01', 'SUBSCRIBE to a path that holds a value: the value comes without any further SEND', async (world) => {
    await write(await world.connect(), world.path('a'), { b: [1, 2], c: 'x' });
    const { snapshot, first } = await subscribe(await world.connect(), world.path('a'));
    expect(snapshot).toEqual({ b: [1, 2], c: 'x' });
    expect(first.get('event')).toBe('put');
    expect(first.get('destination')).toBe(world.path('a'));
  });

  check('S02', 'initial state comes before any later change', async (world) => {
    const [subscriber, sender] = await Promise.all([world.connect(), world.connect()]);
    let n = 0;
    const writing = (async () => {
      for (n = 1; n <= 100; n++) await write(sender, world.path('a'), n);
    })();
    const seen: number[] = [];
    await subscriber.request('SUBSCRIBE', { id: '0', destination: world.path('a') });
    while (seen.at(-1) !== 100) seen.push(Number(await nextValue(subscriber, '0')));
    await writing;
    const start = seen[0]!;
    expect(seen).toEqual(Array.from({ length: 100 - start + 1 }, (_, index) => start + index));
  });

  check('S03', 'a change below the subscribed path is delivered', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a/b/c'), 'deep');
    const message = await client.message(id);
    expect(message.headers.get('destination')).toBe(world.path('a/b/c'));
    expect(JSON.parse(message.text)).toBe('deep');
  });

  check('S04', 'a change above that alters the subscribed path is delivered', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a/b/c'));
    await write(client, world.path('a'), { b: { c: 'from above' } });
    const message = await client.message(id);
    expect(message.headers.get('destination')).toBe(world.path('a/b/c'));
    expect(JSON.parse(message.text)).toBe('from above');
    await write(client, world.path('a'), null);
    expect(await nextValue(client, id)).toBeNull();
  });

  check('S05', 'a sibling whose name only begins alike is not delivered', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('ab'));
    await write(client, world.path('abc'), 1);
    await write(client, world.path('a'), 1);
    await expectNothing(world, client, id);
  });

  for (const body of ['not json', '{"a":', '{"a":1}x', "{'a':1}", 'NaN', '{"a/b":1}', '{"a.b":1}']) {
    check('S06', `a body that is no JSON (or no tree): ERROR, nothing written: ${body}`, async (world) => {
      const client = await world.connect();
      client.send('SEND', { destination: world.path('a'), receipt: '1' }, body);
      const error = await client.refusal();
      expect(error.headers.get('receipt-id')).toBe('1');
      expect(error.headers.get('code')).toBe('invalid-data');
      expect(await world.read(world.path('a'))).toBeNull();
    });
  }

  check('S07', 'a transaction over two paths: a new subscriber never sees half of it', async (world) => {
    const sender = await world.connect();
    let done = false;
    const writing = (async () => {
      for (let n = 1; n <= 60; n++) {
        sender.send('BEGIN', { transaction: 't' });
        sender.send('SEND', { destination: world.path('pair/left'), transaction: 't' }, `${n}`);
        sender.send('SEND', { destination: world.path('pair/right'), transaction: 't' }, `${n}`);
        await sender.request('COMMIT', { transaction: 't' });
      }
      done = true;
    })();
    while (!done) {
      const pair = (await world.read(world.path('pair'))) as { left: number; right: number } | null;
      if (pair !== null) expect(pair.left).toBe(pair.right);
    }
    await writing;
    expect(await world.read(world.path('pair'))).toEqual({ left: 60, right: 60 });
  });

  check('S08', 'the RECEIPT of a SEND means a later SUBSCRIBE anywhere sees the value', async (world) => {
    const client = await world.connect();
    for (let n = 1; n <= 20; n++) {
      await write(client, world.path('a'), n);
      expect(await world.read(world.path('a'))).toBe(n);
    }
  });

  check('S09', 'two writers, one subscriber: the last MESSAGE equals what a late subscriber gets', async (world) => {
    const [one, two, subscriber] = await Promise.all([world.connect(), world.connect(), world.connect()]);
    const { id } = await subscribe(subscriber, world.path('a'));
    const all = async (client: typeof one, name: string): Promise<void> => {
      for (let n = 0; n < 50; n++) client.send('SEND', { destination: world.path('a') }, `"${name}${n}"`);
      await write(client, world.path('a'), `${name} last`);
    };
    await Promise.all([all(one, 'one'), all(two, 'two')]);
    const final = await world.read(world.path('a'));
    const seen: unknown[] = [];
    while (seen.filter((value) => /last$/.test(String(value))).length < 2) seen.push(await nextValue(subscriber, id));
    await expectLast(seen, final);
  });
});

/** After both last values have come, the newest value seen must be the final one. */
async function expectLast(seen: readonly unknown[], final: unknown): Promise<void> {
  expect(seen).toHaveLength(102);
  expect(seen.at(-1)).toBe(final);
}
