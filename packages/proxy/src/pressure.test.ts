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

test('a subscription that begins while the connection is congested waits with its state', async () => {
  const { client, database } = await openFixture({ limits: { softQueueBytes: 1_000 } });
  await put(database, '/big', 'x'.repeat(2_000));
  const session = await client();
  session.transport.clientStopsReading();
  session.send('SUBSCRIBE', { id: '1', destination: '/big' });
  await turns();
  session.send('SUBSCRIBE', { id: '2', destination: '/big', receipt: 'r' });
  await turns();
  expect((await session.rest()).map((frame) => frame.command)).toEqual(['MESSAGE', 'RECEIPT']);
  session.transport.clientReadsAgain();
  expect((await session.rest()).map((frame) => frame.headers.subscription)).toEqual(['2']);
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
