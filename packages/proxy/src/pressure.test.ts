import { expect, test } from 'vitest';
import { openFixture, put, turns } from './session-fixture.js';

test('a reader that stops gets no more queued than the soft bound and one event, then the sum of what it missed', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 10_000 } });
  const session = await client();
  session.send('SUBSCRIBE', { id: 's', destination: '/n' });
  await session.rest();
  session.transport.clientStopsReading();
  for (let i = 0; i < 200; i += 1) {
    await put(database, '/n', `${i}`.padEnd(1_000));
    await turns(2);
  }
  expect(session.transport.queuedBytes).toBeLessThan(12_000);
  session.transport.clientReadsAgain();
  const bodies = (await session.rest()).map((frame) => Number(JSON.parse(frame.body)));
  expect(bodies.length).toBeLessThan(15);
  expect(bodies.at(-1)).toBe(199);
});

test('a reader who keeps up gets every event, however many come at once', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 2_000 } });
  const session = await client();
  session.send('SUBSCRIBE', { id: 's', destination: '/n' });
  await session.rest();
  const writes = Array.from({ length: 200 }, (_, i) => put(database, '/n', `${i}`.padEnd(500)));
  await Promise.all(writes);
  expect((await session.rest()).map((frame) => Number(JSON.parse(frame.body)))).toEqual([...writes.keys()]);
});

test('other readers do not notice', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 2_000 } });
  const [slow, quick] = [await client(), await client()];
  for (const session of [slow, quick]) {
    session.send('SUBSCRIBE', { id: 's', destination: '/n' });
    await session.rest();
  }
  slow.transport.clientStopsReading();
  for (let i = 0; i < 50; i += 1) {
    await put(database, '/n', `${i}`.padEnd(500));
    await turns(2);
  }
  expect(await quick.rest()).toHaveLength(50);
});

test('a SUBSCRIBE that comes while the connection is congested waits, and what is behind it', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 1_000 } });
  await put(database, '/big', 'x'.repeat(2_000));
  const session = await client();
  session.transport.clientStopsReading();
  session.send('SUBSCRIBE', { id: '1', destination: '/big' });
  session.send('SUBSCRIBE', { id: '2', destination: '/big', receipt: 'r' });
  session.send('SEND', { destination: '/after', receipt: 's' }, '1');
  await turns();
  expect((await session.rest()).map((frame) => frame.headers.subscription)).toEqual(['1']);
  session.transport.clientReadsAgain();
  const frames = await session.rest();
  expect(frames.map((frame) => frame.headers['receipt-id'] ?? frame.headers.subscription)).toEqual(['r', '2', 's']);
});

test('who asks for many states and reads none has no more than one made for him', async () => {
  const { client, database, proxy } = await openFixture({ limits: { softQueueBytes: 1_000 } });
  await put(database, '/big', 'x'.repeat(2_000));
  const session = await client();
  session.transport.clientStopsReading();
  for (let id = 0; id < 100; id += 1) session.send('SUBSCRIBE', { id: `${id}`, destination: '/big' });
  await turns();
  expect(proxy.counters.messagesOut).toBe(1);
  const ids: (string | undefined)[] = [];
  for (let round = 0; round < 100; round += 1) {
    session.transport.clientReadsAgain();
    ids.push(...(await session.rest()).map((frame) => frame.headers.subscription));
    session.transport.clientStopsReading();
  }
  expect(ids).toEqual(Array.from({ length: 100 }, (_, id) => `${id}`));
});

test('a connection that ends while a SUBSCRIBE waits is let go, and what it had sent is served', async () => {
  const { client, database, proxy } = await openFixture({ limits: { softQueueBytes: 1_000 } });
  await put(database, '/big', 'x'.repeat(2_000));
  const session = await client();
  session.transport.clientStopsReading();
  for (const id of ['1', '2', '3']) session.send('SUBSCRIBE', { id, destination: '/big' });
  session.send('SEND', { destination: '/after' }, '1');
  await turns();
  session.transport.clientVanishes();
  await turns();
  expect([proxy.connections, proxy.counters.subscriptions, database.revision]).toEqual([0, 0, 2]);
});

test('a subscription that ends before its first event makes room for the next', async () => {
  const { client } = await openFixture();
  const session = await client();
  session.send('SUBSCRIBE', { id: '1', destination: '/a', receipt: 'r1' });
  session.send('UNSUBSCRIBE', { id: '1' });
  session.send('SUBSCRIBE', { id: '2', destination: '/a', receipt: 'r2' });
  const frames = await session.rest();
  expect(frames.map((frame) => frame.headers['receipt-id'] ?? frame.headers.subscription)).toEqual(['r1', 'r2', '2']);
});

test('a single snapshot may exceed every bound', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 1_000, hardQueueBytes: 5_000 } });
  await put(database, '/big', 'x'.repeat(100_000));
  const session = await client();
  session.transport.clientStopsReading();
  session.send('SUBSCRIBE', { id: '1', destination: '/big' });
  await turns();
  expect(session.transport.closeReason).toBe(null);
  session.transport.clientReadsAgain();
  expect((await session.next()).body).toHaveLength(100_002);
});

test('a client that lets its answers pile up is told and closed', async () => {
  const { client } = await openFixture({ limits: { softQueueBytes: 1_000, hardQueueBytes: 5_000 } });
  const session = await client();
  session.transport.clientStopsReading();
  for (let i = 0; i < 500 && session.transport.closeReason === null; i += 1) {
    session.send('BEGIN', { transaction: 't', receipt: `${i}` });
    session.send('ABORT', { transaction: 't', receipt: `${i}` });
    await turns(2);
  }
  expect(session.transport.closeReason).toBe('slow-consumer');
  expect((await session.rest()).at(-1)).toMatchObject({ command: 'ERROR', headers: { code: 'slow-consumer' } });
});

test('a client that reads nothing for too long is closed', async () => {
  let now = 1_000_000;
  const { client, database } = await openFixture({
    now: () => now,
    limits: { softQueueBytes: 1_000, stallTimeoutMs: 1_000 },
  });
  const session = await client();
  session.send('SUBSCRIBE', { id: 's', destination: '/n' });
  await session.rest();
  session.transport.clientStopsReading();
  await put(database, '/n', 'x'.repeat(2_000));
  await turns();
  for (let step = 0; step < 100 && session.transport.closeReason === null; step += 1) {
    now += 250;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(session.transport.closeReason).toBe('slow-consumer');
});

test('too many frames or bytes per second are refused', async () => {
  const { client } = await openFixture({ now: () => 5_000, limits: { framesPerSecond: 10, bytesPerSecond: 10_000 } });
  const busy = await client();
  for (let i = 0; i < 30; i += 1) busy.send('SEND', { destination: '/a', receipt: `${i}` }, '1');
  const frames = await busy.rest();
  expect(frames).toHaveLength(20);
  expect(frames.at(-1)).toMatchObject({ command: 'ERROR', headers: { code: 'rate-limited' } });
  const loud = await client();
  expect((await loud.ask('SEND', { destination: '/a' }, JSON.stringify('x'.repeat(30_000)))).headers.code).toBe(
    'rate-limited',
  );
});

test('a frame refused for its rate ends the connection, also for who listens to refusals: no transaction loses a part', async () => {
  let now = 5_000;
  const { client, database } = await openFixture({ now: () => now, limits: { framesPerSecond: 3 } });
  const session = await client();
  session.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
  session.send('BEGIN', { transaction: 't' });
  for (const path of ['/a', '/b', '/c', '/d']) session.send('SEND', { destination: path, transaction: 't' }, '1');
  now += 5_000;
  session.send('COMMIT', { transaction: 't' });
  expect((await session.rest()).at(-1)).toMatchObject({ command: 'ERROR', headers: { code: 'rate-limited' } });
  expect(database.revision).toBe(0);
});
