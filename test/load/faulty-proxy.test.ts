import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultyProxy, NO_FAULTS, startFaultyProxy } from '../harness/faulty-proxy.js';
import { waitUntil } from '../harness/measure.js';

/** Answers with what it gets. */
let echo: Server;
let proxy: FaultyProxy;

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startFaultyProxy({ targetPort: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.stop();
  await new Promise((resolve) => echo.close(resolve));
});

interface Client {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1');
  const made: Client = { socket, heard: '', isClosed: false };
  socket.on('data', (chunk) => {
    made.heard += chunk.toString();
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    made.isClosed = true;
  });
  await once(socket, 'connect');
  return made;
}

it('lets nothing through while there is a partition, and everything after it, in order', async () => {
  const old = await client();
  old.socket.write('1');
  await waitUntil(() => old.heard === '1', 'an echo');
  proxy.partition();
  const fresh = await client();
  for (const word of ['2', '3']) old.socket.write(word);
  fresh.socket.write('new');
  await sleep(200);
  expect([old.heard, fresh.heard]).toEqual(['1', '']);
  proxy.heal();
  await waitUntil(() => old.heard === '123' && fresh.heard === 'new', 'what waited');
});

it('tells nobody of an end during a partition until it is over', async () => {
  const ending = await client();
  const [accepted] = (await Promise.all([once(echo, 'connection'), ending.socket.write('x')]))[0] as [Socket];
  let told = false;
  accepted.once('close', () => {
    told = true;
  });
  proxy.partition();
  ending.socket.destroy();
  await sleep(200);
  expect(told).toBe(false);
  proxy.heal();
  await waitUntil(() => told, 'the end to arrive');
});

it('delays without making what comes behind wait in addition', async () => {
  const slow = await client();
  proxy.faults = { ...NO_FAULTS, delayMs: 300 };
  const start = performance.now();
  for (let count = 0; count < 20; count += 1) {
    slow.socket.write('x');
    await sleep(10);
  }
  await waitUntil(() => slow.heard.length === 20, 'all echoes');
  // Twice 20 delays of 150 ms on average, one after the other, would take six seconds.
  expect(performance.now() - start).toBeGreaterThan(200);
  expect(performance.now() - start).toBeLessThan(5_000);
});

it('passes nothing on behind the piece at which it cuts a line, however long that waited', async () => {
  let arrived = '';
  const server = createServer((socket) => {
    socket
      .on('error', () => socket.destroy())
      .on('data', (chunk) => {
        arrived += chunk.toString();
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The first chunk waits for long, the second not at all: it is due as soon as the first has gone.
  const choices = [0.5, 0.9, 0]; // one for the connection itself
  const cutting = await startFaultyProxy({
    targetPort: (server.address() as AddressInfo).port,
    faults: { ...NO_FAULTS, delayMs: 200, cut: 1 },
    random: () => choices.shift() ?? 0.5,
  });
  const socket = connect(cutting.port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write('first chunk.');
  await sleep(50);
  socket.write('second chunk');
  await waitUntil(() => socket.closed, 'the end of the line');
  await sleep(50);
  await cutting.stop();
  await new Promise((resolve) => server.close(resolve));
  expect('first chunk.'.startsWith(arrived)).toBe(true);
  expect(cutting.counts.cuts).toBe(1);
});
