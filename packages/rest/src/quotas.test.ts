import { request } from 'node:http';
import { NO_QUOTA, type QuotaLimits, Quotas } from '@backside/auth';
import { ADMIN } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listenTo } from './testing/event-source.js';
import { adminToken, ask, signUp } from './testing/rest-fixture.js';
import { OPEN_RULES, openTreeServer } from './testing/tree-server.js';

const PATIENCE = { timeout: 10_000, interval: 20 };
const HEADERS = { 'x-forwarded-for': '192.0.2.1' };

/** A server on a clock that stands still, that users and addresses may take so much of. */
async function openLimited(limits: { perUser?: Partial<QuotaLimits>; perAddress?: Partial<QuotaLimits> }) {
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const quotas = new Quotas(
    { perUser: { ...NO_QUOTA, ...limits.perUser }, perAddress: { ...NO_QUOTA, ...limits.perAddress } },
    now,
  );
  const server = await openTreeServer({ quotas, now, trustedProxies: ['127.0.0.1'] });
  onTestFinished(() => server.stop());
  return { server, clock, quotas };
}

/** Sends a body without saying how long it is; resolves with the status. */
function sendInChunks(port: number, path: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, method: 'PUT', path, headers: HEADERS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).write(body);
    sent.end();
  });
}

/** Says how long a body will be, and sends none of it; resolves with the status. */
function announce(port: number, path: string, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...HEADERS, 'content-length': length };
    const sent = request({ port, method: 'PUT', path, headers }, (response) => {
      resolve(response.statusCode ?? 0);
      sent.destroy();
    });
    sent.on('error', reject).flushHeaders();
  });
}

test('what is over the quota of an address is refused before it has an effect, and taken when the time has come', async () => {
  const { server, clock, quotas } = await openLimited({ perAddress: { operationsPerSecond: 2 } });
  for (let n = 0; n < 4; n += 1) expect((await server.call('GET /a.json', { headers: HEADERS })).status).toBe(200);
  const refused = await server.call('PUT /a.json', { raw: '1', headers: HEADERS });
  expect(refused).toMatchObject({
    status: 429,
    json: { error: 'this address may make 2 operations per second; come back in 500 ms' },
  });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('code')).toBe('rate-limited');
  expect(quotas.refused.address.operations).toBe(1);
  expect(await server.json('GET /a.json', { headers: { 'x-forwarded-for': '192.0.2.2' } })).toBeNull();
  clock.now += 1_000;
  expect((await server.call('PUT /a.json', { raw: '1', headers: HEADERS })).status).toBe(200);
});

test('a user has one quota, from wherever the requests come and by whichever edge', async () => {
  const { server, quotas } = await openLimited({ perUser: { operationsPerSecond: 2 } });
  const { accessToken: token, user } = await signUp(server);
  const elsewhere = quotas.acquireUser('main', { kind: 'user', uid: user.uid, provider: 'password', claims: {} });
  elsewhere?.spend(0);
  for (let n = 0; n < 3; n += 1) {
    const headers = { 'x-forwarded-for': `192.0.2.${n}` };
    expect((await server.call('GET /a.json', { token, headers })).status).toBe(200);
  }
  expect((await server.call('GET /a.json', { token })).status).toBe(429);
  expect(await ask(server, 'GET /auth/me', { token })).toMatchObject({
    status: 429,
    json: { error: { code: 'rate-limited' } },
  });
  expect((await server.call('GET /a.json')).status).toBe(200);
});

test('bytes count as they are announced, at most as many as are read, or once they have come', async () => {
  const { server, clock } = await openLimited({ perAddress: { bytesPerSecond: 5_000 } });
  const body = JSON.stringify('x'.repeat(9_500));
  expect((await server.call('PUT /a.json', { raw: body, headers: HEADERS })).status).toBe(200);
  expect((await server.call('PUT /a.json', { raw: body, headers: HEADERS })).status).toBe(429);
  clock.now += 3_000;
  expect(await sendInChunks(server.port, '/a.json', body)).toBe(200);
  expect(await sendInChunks(server.port, '/a.json', body)).toBe(429);
  clock.now += 3_000;
  expect(await announce(server.port, '/a.json', 1_000_000_000_000)).toBe(413);
  clock.now += 10_000_000;
  expect((await server.call('PUT /a.json', { raw: '1', headers: HEADERS })).status).toBe(200);
});

test('a token that does not hold costs the address, so that guessing is slowed down', async () => {
  const { server } = await openLimited({ perAddress: { operationsPerSecond: 1 } });
  const guess = { token: 'wrong', headers: HEADERS };
  const statuses = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await server.call('GET /a.json', guess)).status);
  expect(statuses).toEqual([401, 401, 429]);
});

test('an event stream is a listen for as long as it lasts', async () => {
  const { server } = await openLimited({ perUser: { listens: 1 } });
  const { accessToken: token } = await signUp(server);
  const headers = { authorization: `Bearer ${token}` };
  const first = await listenTo(`${server.url}/a.json`, headers);
  expect(first.status).toBe(200);
  const refused = await listenTo(`${server.url}/b.json`, headers);
  expect(refused.status).toBe(429);
  expect((await listenTo(`${server.url}/a.json?orderBy="age"&startAt=1`)).status).toBe(400);
  first.close();
  await vi.waitFor(async () => {
    const next = await listenTo(`${server.url}/b.json`, headers);
    next.close();
    expect(next.status).toBe(200);
  }, PATIENCE);
});

test('a listener who becomes an admin gives its listen back', async () => {
  const { server, quotas } = await openLimited({ perUser: { listens: 1 }, perAddress: { listens: 1 } });
  const { accessToken: token, user } = await signUp(server);
  const events = await listenTo(`${server.url}/a.json`, { authorization: `Bearer ${token}`, ...HEADERS });
  onTestFinished(() => events.close());
  await events.next();
  expect((await listenTo(`${server.url}/a.json`, HEADERS)).status).toBe(429);
  await server.main.auth.users.update(ADMIN, user.uid, { admin: true });
  await vi.waitFor(async () => {
    const next = await listenTo(`${server.url}/a.json`, HEADERS);
    next.close();
    expect(next.status).toBe(200);
  }, PATIENCE);
  expect(quotas.refused.address.listens).toBeGreaterThanOrEqual(1);
});

test('an admin is not limited', async () => {
  const { server } = await openLimited({ perAddress: { operationsPerSecond: 5, listens: 0 } });
  const token = await adminToken(server);
  for (let n = 0; n < 15; n += 1) expect((await server.call('GET /a.json', { token })).status).toBe(200);
  const events = await listenTo(`${server.url}/a.json?auth=${token}`);
  onTestFinished(() => events.close());
  expect(events.status).toBe(200);
});

test('one IPv6 network is one address, also for the number of event streams', async () => {
  const server = await openTreeServer({ trustedProxies: ['127.0.0.1'], tree: { maxStreamsPerAddress: 1 } }, OPEN_RULES);
  onTestFinished(() => server.stop());
  const from = (address: string) => listenTo(`${server.url}/a.json`, { 'x-forwarded-for': address });
  const streams = await Promise.all(['2001:db8:1:2::1', '2001:db8:1:3::1'].map(from));
  onTestFinished(() => streams.forEach((stream) => void stream.close()));
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  expect((await from('2001:db8:1:2::2')).status).toBe(429);
});
