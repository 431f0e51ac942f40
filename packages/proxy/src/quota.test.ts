import { type QuotaLimits, Quotas } from '@backside/auth';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PROXY_LIMITS } from './limits.js';
import { createMetrics } from './metrics.js';
import { openFixture, type TestClient, turns, valueAt } from './session-fixture.js';

const OPEN: QuotaLimits = { operationsPerSecond: 10_000, bytesPerSecond: 1_000_000, listens: 1_000 };

/** A proxy on a clock that stands still, with quotas for users. */
async function openLimited(perUser: Partial<QuotaLimits>) {
  const clock = { now: 1_000_000 };
  const fixture = await openFixture({ now: () => clock.now, limits: { perUser: { ...OPEN, ...perUser } } });
  const ann = (): Promise<TestClient> => fixture.client({ headers: { token: 'token-ann' } });
  return { ...fixture, clock, ann };
}

describe('a quota of operations', () => {
  test('refuses what is over it on every connection of the user, by ERROR, before it has an effect', async () => {
    const fixture = await openLimited({ operationsPerSecond: 3 });
    const [one, two] = [await fixture.ann(), await fixture.ann()];
    for (let n = 0; n < 5; n += 1) await one.ask('SEND', { destination: `/a/k${n}` }, '1');
    await two.ask('SEND', { destination: '/a/k5' }, '1');
    expect(await two.ask('SEND', { destination: '/a/k6' }, '1')).toMatchObject({
      command: 'ERROR',
      headers: { code: 'rate-limited', 'retry-after': '334', 'receipt-id': 'asked' },
      body: 'this user may make 3 operations per second; come back in 334 ms',
    });
    expect(two.transport.closeReason).toBe('rate-limited');
    expect(valueAt(fixture, '/a')).toEqual({ k0: 1, k1: 1, k2: 1, k3: 1, k4: 1, k5: 1 });
  });

  test('refuses the single operation to who listens to refusals, and takes it when the time has come', async () => {
    const { ann, clock } = await openLimited({ operationsPerSecond: 1 });
    const client = await ann();
    client.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    await client.ask('SEND', { destination: '/a' }, '1');
    const refusal = await client.ask('SEND', { destination: '/a' }, '2');
    expect(refusal.headers).toMatchObject({ destination: '/.errors', code: 'rate-limited', 'retry-after': '1000' });
    expect(JSON.parse(refusal.body)).toMatchObject({ code: 'rate-limited', retryAfterMs: 1_000 });
    expect((await client.ask('SUBSCRIBE', { id: 's', destination: '/a' })).headers.code).toBe('rate-limited');
    clock.now += 1_000;
    expect((await client.ask('SEND', { destination: '/a' }, '3')).command).toBe('RECEIPT');
  });

  test('refuses a whole transaction of which one step was over it', async () => {
    const { ann, database, clock } = await openLimited({ operationsPerSecond: 1 });
    const client = await ann();
    client.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    client.send('BEGIN', { transaction: 't' });
    client.send('SEND', { destination: '/a', transaction: 't' }, '1');
    client.send('SEND', { destination: '/b', transaction: 't' }, '1');
    clock.now += 10_000;
    expect((await client.ask('COMMIT', { transaction: 't' })).headers.code).toBe('precondition-failed');
    expect(database.revision).toBe(0);
  });

  test('counts a SUBSCRIBE that has to wait for its turn once', async () => {
    const { ann } = await openLimited({ operationsPerSecond: 5 });
    const client = await ann();
    for (let n = 0; n < 10; n += 1) client.send('SUBSCRIBE', { id: `${n}`, destination: `/a/k${n}` });
    expect((await client.rest()).map(({ command }) => command)).toEqual(Array(10).fill('MESSAGE'));
    expect((await client.ask('SEND', { destination: '/a' }, '1')).headers.code).toBe('rate-limited');
  });

  test('counts each new sign-in', async () => {
    const { ann } = await openLimited({ operationsPerSecond: 1 });
    const client = await ann();
    for (let n = 0; n < 2; n += 1) await client.ask('SEND', { destination: '/.auth' }, '"token-ann"');
    expect((await client.ask('SEND', { destination: '/.auth' }, '"token-ann"')).headers.code).toBe('rate-limited');
  });
});

test('a quota of bytes counts bodies and headers', async () => {
  const { ann } = await openLimited({ bytesPerSecond: 1_000 });
  const client = await ann();
  expect((await client.ask('SEND', { destination: '/a' }, `"${'x'.repeat(1_500)}"`)).command).toBe('RECEIPT');
  expect(await client.ask('SEND', { destination: '/a', note: 'x'.repeat(500) }, '1')).toMatchObject({
    headers: { code: 'rate-limited' },
    body: expect.stringContaining('1000 bytes of operations per second'),
  });
});

describe('a quota of listens', () => {
  test('counts those of all connections of the user, and those that have ended no more', async () => {
    const { ann } = await openLimited({ listens: 2 });
    const [one, two] = [await ann(), await ann()];
    two.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
    await one.ask('SUBSCRIBE', { id: 'a', destination: '/a' });
    await two.ask('SUBSCRIBE', { id: 'a', destination: '/a' });
    expect(await two.ask('SUBSCRIBE', { id: 'b', destination: '/b' })).toMatchObject({
      headers: { code: 'limit-exceeded' },
      body: expect.stringContaining('2 subscriptions at a time'),
    });
    await one.ask('UNSUBSCRIBE', { id: 'a' });
    expect((await two.ask('SUBSCRIBE', { id: 'b', destination: '/b' })).command).toBe('RECEIPT');
    two.transport.clientVanishes();
    await turns();
    for (const id of ['c', 'd']) {
      expect((await one.ask('SUBSCRIBE', { id, destination: '/c' })).command).toBe('RECEIPT');
    }
  });
});

test('an address has a quota of its own, which who has not signed in shares', async () => {
  const { client } = await openFixture({ limits: { perAddress: { ...OPEN, operationsPerSecond: 1 } } });
  const [nobody, ann] = [await client(), await client({ headers: { token: 'token-ann' } })];
  await nobody.ask('SEND', { destination: '/a' }, '1');
  await ann.ask('SEND', { destination: '/a' }, '1');
  expect(await ann.ask('SEND', { destination: '/a' }, '1')).toMatchObject({
    headers: { code: 'rate-limited' },
    body: expect.stringContaining('this address may make 1 operations per second'),
  });
});

test('the metrics tell which quotas refuse', async () => {
  const perUser = { ...OPEN, operationsPerSecond: 1 };
  const quotas = new Quotas({ ...DEFAULT_PROXY_LIMITS, perUser }, () => 1_000_000);
  const { client: connect, proxy, database } = await openFixture({ quotas });
  const client = await connect({ headers: { token: 'token-ann' } });
  for (let n = 0; n < 3; n += 1) await client.ask('SEND', { destination: '/a' }, '1');
  const text = await createMetrics({ proxy, quotas, databases: () => [database] }).metrics();
  expect(text).toContain('backside_over_quota_total{scope="user",limit="operations"} 1');
  expect(text).toContain('backside_over_quota_total{scope="address",limit="bytes"} 0');
});
