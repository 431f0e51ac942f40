import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { residentBytes, waitUntil } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { SubscriberModel } from './model.js';
import { countFromEnvironment } from './random.js';
import { Session } from './session.js';

const CHANGES = countFromEnvironment('SLOW_CHANGES', 100_000);
const CHILDREN = 500;
/** A change is about 200 bytes on the wire: queued without bound, 100,000 of them would be 20 MB per slow client. */
const SLOW_CLIENTS = 20;
const STALL_TIMEOUT_MS = 120_000;
const MAX_GROWTH_BYTES = 150 * 2 ** 20;

let server: ServerHandle;

beforeAll(async () => {
  server = await startServer({ args: ['--stall-timeout', `${STALL_TIMEOUT_MS}ms`] });
});

afterAll(async () => {
  await server.stop();
});

interface Watcher {
  readonly session: Session;
  readonly model: SubscriberModel;
  events: number;
}

async function watch(path: string): Promise<Watcher> {
  const session = await Session.open(server.tcpPort);
  const watcher: Watcher = { session, model: new SubscriberModel(path), events: 0 };
  session.onMessage = (frame) => {
    watcher.events += 1;
    watcher.model.apply(frame);
  };
  session.write('SUBSCRIBE', { id: 'w', destination: path });
  await waitUntil(() => watcher.events > 0, 'the first state');
  return watcher;
}

/** Writes changes to the children in turn, 500 under way at most; each write is a change. */
async function writeChanges(path: string, count: number, onProgress: () => void = () => {}): Promise<void> {
  const writer = await Session.open(server.tcpPort);
  const text = 'x'.repeat(80);
  for (let n = 1; n <= count; n += 1) {
    const destination = `${path}/child${n % CHILDREN}`;
    const body = JSON.stringify({ n, text });
    if (n % 500 !== 0 && n !== count) {
      writer.write('SEND', { destination }, body);
      continue;
    }
    await writer.request('SEND', { destination }, body);
    onProgress();
  }
  writer.destroy();
}

/** The highest resident size of the server while changes are written. */
async function peakWhileWriting(path: string, count: number): Promise<number> {
  let peak = 0;
  await writeChanges(path, count, () => {
    peak = Math.max(peak, residentBytes(server.pid));
  });
  return peak;
}

it(`holds a bounded amount for clients that do not read while ${CHANGES} changes pass, and they catch up`, async () => {
  const quick = await watch('/board');
  // What the writes cost without slow clients: the heap and the replica's memory are at their usual size afterwards.
  const usual = await peakWhileWriting('/board', CHANGES);
  const slow = await Promise.all(Array.from({ length: SLOW_CLIENTS }, () => watch('/board')));
  for (const { session } of slow) session.socket.pause();
  const eventsBefore = quick.events;
  const peak = await peakWhileWriting('/board', CHANGES);
  await waitUntil(() => quick.events > eventsBefore, 'the quick client to have events');
  const growth = Math.max(0, peak - usual);
  const perClient = Math.round(growth / SLOW_CLIENTS / 1024);
  console.info(
    `${SLOW_CLIENTS} clients that do not read: ${(growth / 2 ** 20).toFixed(1)} MiB more, ${perClient} KiB each`,
  );
  expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
  for (const { session } of slow) session.socket.resume();

  const reader = await Session.open(server.tcpPort);
  const state: unknown = JSON.parse((await reader.read('/board')).text);
  reader.destroy();
  for (const { model, session } of [quick, ...slow]) {
    await waitUntil(
      () => JSON.stringify(model.at('/child1')) === JSON.stringify((state as { child1: unknown }).child1),
      'a client to catch up',
    );
    await waitUntil(() => sameState(model.value, state), 'a client to have the right state');
    expect(session.ended).toBe(false);
    session.destroy();
  }
});

it('leaves quick clients every change while another does not read', async () => {
  const changes = Math.min(CHANGES, 20_000);
  const [quick, stuck] = [await watch('/race'), await watch('/race')];
  stuck.session.socket.pause();
  await writeChanges('/race', changes);
  await waitUntil(() => lastNumber(quick) === changes, 'the quick client to have the last change');
  expect(stuck.events).toBeLessThan(changes);
  expect(quick.session.ended).toBe(false);
  quick.session.destroy();
  stuck.session.destroy();
});

it('closes a client that never reads, and goes on serving', async () => {
  const own = await startServer({ args: ['--stall-timeout', '1s'] });
  const saved = server;
  server = own;
  try {
    const { session } = await watch('/stuck');
    session.socket.pause();
    await writeChanges('/stuck', CHANGES);
    // Without reading, a client learns of the end by writing: beats are accepted until then.
    for (let beat = 0; beat < 300 && !session.ended; beat += 1) {
      session.socket.write('\n');
      await sleep(100);
    }
    expect(session.ended).toBe(true);
    await writeChanges('/stuck', 100);
  } finally {
    server = saved;
    await own.stop();
  }
});

function lastNumber({ model }: Watcher): number {
  return Math.max(...Object.values((model.value ?? {}) as Record<string, { n: number }>).map(({ n }) => n));
}

function sameState(known: unknown, read: unknown): boolean {
  const [a, b] = [known, read].map((value) =>
    JSON.stringify(Object.entries(value ?? {}).sort(([x], [y]) => (x < y ? -1 : 1))),
  );
  return a === b;
}
