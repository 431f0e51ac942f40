import { afterEach, expect, test } from 'vitest';
import { closeConnections, connect, Heard, set, target, write } from '../testing/connected.js';
import { ManualEnvironment } from '../testing/manual-environment.js';
import { type MemoryServer, openMemoryServer } from '../testing/memory-server.js';
import { until } from '../testing/until.js';
import type { RefusedError } from './refused-error.js';

afterEach(closeConnections);

/** A generator of numbers from 0 to less than 1 that is the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Breaks the last connection now and then, until told to stop: as a cut, or by losing what is sent and being cut later. */
function breakNowAndThen(server: MemoryServer, random: () => number): () => void {
  const timer = setInterval(() => {
    const wire = server.wires.at(-1);
    if (wire === undefined || random() < 0.5) return;
    if (random() < 0.5) wire.cut();
    else {
      wire.freeze();
      setTimeout(() => wire.cut(), 5);
    }
  }, 5);
  return () => clearInterval(timer);
}

/** The commits so far, as what they have set. */
async function history(server: MemoryServer): Promise<string[]> {
  const lines: string[] = [];
  for await (const commits of server.journal.commits(0)) {
    for (const { changes } of commits)
      lines.push(changes.map(({ path, value }) => `${path.join('/')}=${value}`).join(' '));
  }
  return lines;
}

test.each([1, 2, 3, 4, 5])(
  'writes are made in order, each once, however often the line breaks (seed %i)',
  async (seed) => {
    const server = await openMemoryServer();
    const random = randomOf(seed);
    const stop = breakNowAndThen(server, random);
    const connection = connect(server);
    const heard = new Heard();
    connection.listen(target('/'), heard);
    const acknowledged: Promise<unknown>[] = [];
    for (let count = 0; count < 300; count += 1) {
      acknowledged.push(
        connection.write(write(count % 7 === 0 ? [set('/a', count), set('/b', count)] : set('/a', count))),
      );
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 4));
    }
    setTimeout(stop, 500);
    const acks = (await Promise.all(acknowledged)) as { revision: number }[];
    stop();
    expect(acks.map(({ revision }) => revision)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(await history(server)).toEqual(
      Array.from({ length: 300 }, (_, count) => (count % 7 === 0 ? `a=${count} b=${count}` : `a=${count}`)),
    );
    expect(server.wires.length).toBeGreaterThan(5);
    await until(() => heard.events.at(-1)?.revision === 300, 'the last event');
    const revisions = heard.events.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  },
);

test('of refusals and successes over broken lines each promise tells its own', async () => {
  const server = await openMemoryServer();
  const stop = breakNowAndThen(server, randomOf(9));
  const connection = connect(server);
  const outcomes: Promise<unknown>[] = [];
  for (let count = 0; count < 100; count += 1) {
    const condition = count % 3 === 0 ? { ifMatch: 'no-such-hash' } : {};
    outcomes.push(connection.write(write(set('/a', count), condition)).catch((error: RefusedError) => error.code));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  setTimeout(stop, 300);
  const made = (await Promise.all(outcomes)).map((outcome) => outcome !== 'precondition-failed');
  expect(made).toEqual(Array.from({ length: 100 }, (_, count) => count % 3 !== 0));
  expect(await history(server)).toEqual(
    Array.from({ length: 100 }, (_, count) => `a=${count}`).filter((_, count) => count % 3 !== 0),
  );
  expect(server.wires.length).toBeGreaterThan(5);
});

test('a line that is dead without a word is noticed by its silence, and at once when somebody looks', async () => {
  const server = await openMemoryServer();
  const environment = new ManualEnvironment();
  const connection = connect(server, { environment, heartbeatMs: 10_000 });
  await until(() => connection.status === 'online');
  server.wires[0]!.freeze();
  environment.advance(14_999);
  expect(connection.status).toBe('online');
  environment.advance(5_001);
  expect(connection.status).toBe('offline');
  expect(connection.lastError?.message).toBe('the server does not answer');
  environment.advance(200);
  await until(() => connection.status === 'online');
  server.wires[1]!.freeze();
  environment.wake();
  environment.advance(5_000);
  expect(connection.status).toBe('offline');
});

test('when the network is said to be gone the status is offline at once, and a false alarm costs nothing', async () => {
  const server = await openMemoryServer();
  const environment = new ManualEnvironment();
  const connection = connect(server, { environment, heartbeatMs: 10_000 });
  const heard = new Heard();
  connection.listen(target('/a'), heard);
  await until(() => heard.events.length === 1);
  const written = connection.write(write(set('/a', 1)));
  environment.wake('offline');
  expect(connection.status).toBe('offline');
  expect(connection.lastError?.message).toBe('the network is gone');
  environment.wake('offline');
  await until(() => connection.status === 'online', 'the next attempt');
  expect((await written).revision).toBe(1);
  await until(() => heard.events.at(-1)?.revision === 1);
  expect(heard.lines).toEqual(['put /a null', 'put /a 1']);
  expect(await history(server)).toEqual(['a=1']);
  expect(server.wires.length).toBe(2);
});

test('while the network is gone the attempts go on, and its return brings the next one at once', async () => {
  const server = await openMemoryServer();
  const environment = new ManualEnvironment();
  const connection = connect(server, { environment, backoff: { firstMs: 200, lastMs: 30_000 } });
  await until(() => connection.status === 'online');
  server.reachable = false;
  environment.wake('offline');
  environment.advance(200);
  await until(() => server.wires.length === 2 && connection.status === 'offline', 'a failed attempt');
  server.reachable = true;
  environment.wake('online');
  await until(() => connection.status === 'online');
});

test('a wake brings back at once who waits for the next attempt', async () => {
  const server = await openMemoryServer();
  const environment = new ManualEnvironment();
  server.reachable = false;
  const connection = connect(server, { environment, backoff: { firstMs: 30_000, lastMs: 30_000 } });
  await until(() => connection.status === 'offline');
  server.reachable = true;
  environment.wake();
  await until(() => connection.status === 'online');
  connection.goOffline();
  environment.wake();
  expect(connection.status).toBe('offline');
});

test('an attempt that hangs is given up after a while, or when something wakes', async () => {
  const server = await openMemoryServer();
  const environment = new ManualEnvironment();
  let hangs = true;
  const connection = connect(
    {
      socket: (url) => {
        const socket = server.socket(url);
        if (hangs) server.wires.at(-1)?.freeze();
        return socket;
      },
    },
    { environment },
  );
  await until(() => server.wires.length === 1);
  environment.advance(20_000);
  expect(connection.lastError?.message).toMatch(/in time/);
  environment.advance(200);
  await until(() => server.wires.length === 2);
  environment.advance(2_000);
  environment.wake();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.wires.length).toBe(2);
  hangs = false;
  environment.advance(2_000);
  environment.wake();
  await until(() => connection.status === 'online');
  expect(server.wires.length).toBe(3);
});
