import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { processTree, waitUntil } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { Session } from './session.js';

/** More than is kept in memory for a worker that is behind. */
const WRITES = 250;
const BODY = JSON.stringify('x'.repeat(100_000));

let server: ServerHandle;
afterEach(() => server.kill());

it('a worker that stood still until the journal had dropped what it missed is replaced', async () => {
  const args = ['--journal-segment-size', '65536', '--journal-retention-age', '0', '--checkpoint-delay', '20ms'];
  server = await startServer({ workers: 2, args });
  const stopped = stopOneWorker();
  await writeMuch();
  await sleep(500); // the last checkpoint, and the journal trimmed behind it
  process.kill(stopped, 'SIGCONT');
  await waitUntil(() => server.output().includes('a new worker serves'), 'the worker to be replaced');
  expect(server.output()).toContain('the journal has dropped what this worker has not read');
  expect(processTree(server.pid)).not.toContain(stopped);
  // New connections go to either worker.
  for (let n = 0; n < 6; n += 1) expect(await readLast()).toBe(String(WRITES));
  expect(await server.stop()).toBe(0);
}, 60_000);

it('a worker that does not end is killed at SIGTERM, and the data is closed in order', async () => {
  server = await startServer({ workers: 2, args: ['--drain-timeout', '5s'] });
  const { dataDir } = server;
  stopOneWorker();
  const session = await Session.open(server.tcpPort);
  await session.request('SEND', { destination: '/last' }, '"durable"');
  const stopping = performance.now();
  process.kill(server.pid, 'SIGTERM');
  expect(await server.ended).toBe(0);
  expect(performance.now() - stopping).toBeGreaterThan(2_500);
  session.destroy();
  const again = await startServer({ dataDir });
  try {
    const reader = await Session.open(again.tcpPort);
    expect((await reader.read('/last')).text).toBe('"durable"');
    reader.destroy();
  } finally {
    await again.stop();
  }
}, 60_000);

function stopOneWorker(): number {
  const worker = processTree(server.pid)[1]!;
  process.kill(worker, 'SIGSTOP');
  return worker;
}

/** Through the worker that goes on. */
async function writeMuch(): Promise<void> {
  const session = await Session.open(server.tcpPort);
  for (let n = 1; n <= WRITES; n += 1) {
    await session.request('SEND', { destination: '/big' }, BODY);
    await session.request('SEND', { destination: '/last' }, String(n));
  }
  session.destroy();
}

async function readLast(): Promise<string> {
  const session = await Session.open(server.tcpPort);
  const { text } = await session.read('/last');
  session.destroy();
  return text;
}
