import { expect } from 'vitest';
import { aMoment, nextValue, section, subscribe, type World, write } from './world.js';

/** Waits until the path holds the value; what is expected to happen may take a moment after the connection ended. */
async function becomes(world: World, path: string, value: unknown): Promise<void> {
  for (let attempt = 0; attempt < 40 && (await world.read(path)) !== value; attempt++) await aMoment(50);
  expect(await world.read(path)).toBe(value);
}

section('L disconnecting', ({ check, transport }) => {
  check('L01', 'DISCONNECT with receipt: the RECEIPT is not lost, everything before was processed', async (world) => {
    const client = await world.connect();
    for (let n = 1; n <= 100; n++) client.send('SEND', { destination: world.path('a') }, `${n}`);
    client.send('DISCONNECT', { receipt: 'bye' });
    await client.receipt('bye');
    expect(await world.read(world.path('a'))).toBe(100);
    await client.end();
  });

  check('L02', 'the server closes after DISCONNECT', async (world) => {
    const client = await world.connect();
    client.send('DISCONNECT');
    expect((await client.end()).orderly).toBe(true);
  });

  check('L03', 'frames behind DISCONNECT are not executed', async (world) => {
    const client = await world.connect();
    client.write(`DISCONNECT\nreceipt:1\n\n\0SEND\ndestination:${world.path('a')}\nreceipt:2\n\n1\0`);
    await client.receipt('1');
    await client.end();
    await aMoment();
    expect(client.received.map((frame) => frame.command)).toEqual(['CONNECTED', 'RECEIPT']);
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('L04', 'what was received before an abrupt close is still processed', async (world) => {
    const client = await world.connect();
    for (let n = 1; n <= 50; n++) client.send('SEND', { destination: world.path('a') }, `${n}`);
    client.wire.end();
    await becomes(world, world.path('a'), 50);
  });

  check('L05', 'an abrupt close ends the subscriptions of that connection only', async (world) => {
    const [dying, living] = await Promise.all([world.connect(), world.connect()]);
    const { id } = await subscribe(living, world.path('a'), { id: 'same' });
    await subscribe(dying, world.path('a'), { id: 'same' });
    dying.destroy();
    await aMoment(50);
    await write(living, world.path('a'), 'alive');
    expect(await nextValue(living, id)).toBe('alive');
  });

  if (transport === 'tcp') {
    check('L06', 'TCP: a client that half-closes after DISCONNECT still gets its RECEIPT', async (world) => {
      const client = await world.connect();
      client.send('SEND', { destination: world.path('a') }, '"last words"');
      client.send('DISCONNECT', { receipt: 'bye' });
      client.wire.end();
      await client.receipt('bye');
      expect(await world.read(world.path('a'))).toBe('last words');
      await client.end();
    });
  }

  check('L07', 'a frame cut off by the close is not executed', async (world) => {
    const client = await world.connect();
    client.send('SEND', { destination: world.path('whole') }, '1');
    client.write(`SEND\ndestination:${world.path('cut')}\n\n12345`);
    client.wire.end();
    await becomes(world, world.path('whole'), 1);
    await aMoment();
    expect(await world.read(world.path('cut'))).toBeNull();
  });
});
