import { expect } from 'vitest';
import type { StompClient } from '../../harness/stomp-client.js';
import { aMoment, connectWith, section, type World, write } from './world.js';

/** What a busy machine may add to an interval. */
const LAG_MS = 1_500;

/** Connects with a heart-beat offer; returns what the server answered: what it sends, and what it wants. */
async function offering(world: World, heartbeat: string, version = '1.2'): Promise<[StompClient, number, number]> {
  const client = await world.open();
  const connected = await connectWith(client, { 'accept-version': version, host: 'a', 'heart-beat': heartbeat });
  const [sends, wants] = (connected.headers.get('heart-beat') ?? '0,0').split(',').map(Number);
  return [client, sends!, wants!];
}

async function beats(client: StompClient, count: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (client.arrivals.length < count && performance.now() < deadline) await aMoment(20);
  expect(client.arrivals.length).toBeGreaterThanOrEqual(count);
}

section('K heart-beats', ({ check }) => {
  check('K01', 'heart-beat of CONNECTED, when sent, is two numbers', async (world) => {
    for (const version of ['1.1', '1.2']) {
      const [client] = await offering(world, '10000,10000', version);
      expect(client.received[0]?.headers.get('heart-beat') ?? '0,0').toMatch(/^\d+,\d+$/);
    }
  });

  check('K02', 'agreed server beats come in time', async (world) => {
    const [client, sends] = await offering(world, '0,200');
    expect(sends).toBeGreaterThan(0);
    const interval = Math.max(sends, 200);
    await beats(client, 4);
    const gaps = client.arrivals.slice(1).map((at, index) => at - client.arrivals[index]!);
    expect(Math.max(...gaps)).toBeLessThan(interval + LAG_MS);
  });

  check('K03', 'a client that promised beats and falls silent is dropped, not before n', async (world) => {
    const [client, , wants] = await offering(world, '300,0');
    expect(wants).toBeGreaterThan(0);
    const interval = Math.max(wants, 300);
    const start = performance.now();
    while (client.ending === null && performance.now() - start < interval * 3 + LAG_MS) await aMoment(20);
    expect(client.ending).not.toBeNull();
    expect(client.ending!.at - start).toBeGreaterThan(interval);
  });

  check('K04', 'beats a little late are tolerated', async (world) => {
    const [client, , wants] = await offering(world, '500,0');
    const interval = Math.max(wants, 500);
    for (let count = 0; count < 3; count++) {
      await aMoment(interval * 1.2);
      client.write('\n');
    }
    await write(client, world.path('a'), 1);
  });

  for (const [id, heartbeat] of [
    ['K05', '0,0'],
    ['K06', undefined],
  ] as const) {
    const title =
      id === 'K05' ? 'heart-beat:0,0 means no beats in either direction' : 'no heart-beat header is the same as 0,0';
    check(id, title, async (world) => {
      const client = await world.connect('1.2', heartbeat === undefined ? {} : { 'heart-beat': heartbeat });
      await aMoment(1_500);
      expect(client.arrivals).toHaveLength(1);
      await write(client, world.path('a'), 1);
    });
  }

  check('K07', 'any data counts as a beat: frames instead of EOLs keep the connection', async (world) => {
    const [client, , wants] = await offering(world, '400,0');
    const interval = Math.max(wants, 400);
    const until = performance.now() + interval * 3;
    for (let n = 0; performance.now() < until; n++) {
      await write(client, world.path('a'), n);
      await aMoment(interval / 3);
    }
    await write(client, world.path('a'), 'alive');
  });

  for (const heartbeat of ['abc', '1', '-1,5', '1,2,3', '']) {
    check('K08', `a malformed heart-beat is refused or ignored, never a hang: "${heartbeat}"`, async (world) => {
      const client = await world.open();
      client.send('CONNECT', { 'accept-version': '1.2', host: 'a', 'heart-beat': heartbeat });
      const answer = await client.take('an answer', () => true);
      expect(['CONNECTED', 'ERROR']).toContain(answer.command);
      if (answer.command === 'CONNECTED') await write(client, world.path('a'), 1);
    });
  }

  for (const heartbeat of [
    '4294967296,4294967296',
    '99999999999999999999,99999999999999999999',
    '2147483648,2147483648',
  ]) {
    check('K09', `huge heart-beat values do not overflow into a flood or a drop: ${heartbeat}`, async (world) => {
      const client = await world.open();
      client.send('CONNECT', { 'accept-version': '1.2', host: 'a', 'heart-beat': heartbeat });
      const answer = await client.take('an answer', () => true);
      if (answer.command === 'ERROR') return;
      await aMoment(300);
      expect(client.arrivals.length).toBeLessThanOrEqual(2);
      await write(client, world.path('a'), 1);
    });
  }

  check('K10', 'EOLs sent by the client are no frames: no answer, no error', async (world) => {
    const client = await world.connect();
    for (let count = 0; count < 20; count++) client.write('\n');
    await write(client, world.path('a'), 1);
    expect(client.received.map((frame) => frame.command)).toEqual(['CONNECTED', 'RECEIPT']);
  });

  check('K11', 'the server beat is a single EOL, between frames only', async (world) => {
    const [client] = await offering(world, '0,200');
    await client.request('SUBSCRIBE', { id: '0', destination: world.path('a') });
    const body = 'x'.repeat(200_000);
    for (let n = 0; n < 5; n++) {
      await write(client, world.path('a'), `${n}${body}`);
      await client.take('the value', (frame) => frame.text.startsWith(`"${n}x`));
    }
    const before = client.arrivals.length;
    const lineEnds = client.reader.lineEnds;
    await beats(client, before + 2);
    expect(client.reader.lineEnds - lineEnds).toBe(client.arrivals.length - before);
    if (client.wire.kind === 'websocket') expect(client.messages.at(-1)?.octets.toString()).toBe('\n');
  });

  check('K12', 'heart-beat in a 1.0 session is answered or ignored', async (world) => {
    const client = await world.open();
    await connectWith(client, { 'heart-beat': '1000,1000' });
    await write(client, world.path('a'), 1);
  });
});
