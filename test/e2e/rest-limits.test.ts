import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { listenTo, type SentEvents } from '../../packages/rest/src/testing/event-source.js';
import { askHttp } from '../harness/http-client.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompClient } from '../harness/stomp-client.js';
import { runBackside } from './run-backside.js';

const PASSWORD = 'correct horse battery';
const SIZE = '/.settings/defaultWriteSizeLimit.json';
const MORE_THAN_TINY = JSON.stringify('x'.repeat(1_100_000));

let dataDir: string;
let server: ServerHandle;
let token: string;

function start(): Promise<ServerHandle> {
  return startServer({ dataDir, args: ['--address-listens', '2', '--address-operations-per-second', '15'] });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backside-limits-'));
  const created = await runBackside(['create-admin', 'root', '--data', dataDir], { input: `${PASSWORD}\n` });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  server = await start();
  const login = { login: 'root', password: PASSWORD };
  token = (await askHttp<{ accessToken: string }>(server.httpPort, '/auth/login', { json: login })).body.accessToken;
});

afterAll(async () => {
  await server?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function listen(headers?: Record<string, string>): Promise<SentEvents> {
  return listenTo(`http://127.0.0.1:${server.httpPort}/watched.json`, headers);
}

async function metrics(): Promise<string> {
  return (await askHttp<string>(server.httpPort, '/metrics')).body;
}

test('an address has one number of listens, for STOMP and for event streams', async () => {
  const client = await StompClient.tcp(server.tcpPort);
  client.send('CONNECT', { 'accept-version': '1.2', host: 'default' });
  await client.take('CONNECTED', ({ command }) => command === 'CONNECTED');
  await client.request('SUBSCRIBE', { id: 's', destination: '/watched' });
  const stream = await listen();
  expect([stream.status, (await listen()).status]).toEqual([200, 429]);
  expect(await metrics()).toContain('backside_over_quota_total{scope="address",limit="listens"} 1\n');
  const admin = await listen({ authorization: `Bearer ${token}` });
  expect(admin.status).toBe(200);
  await client.request('UNSUBSCRIBE', { id: 's' });
  const next = await listen();
  expect(next.status).toBe(200);
  for (const events of [stream, admin, next]) events.close();
  client.destroy();
});

test('a flood of requests is refused, but not those of an admin', async () => {
  const flood = Array.from({ length: 200 }, () => fetch(`http://127.0.0.1:${server.httpPort}/flooded.json`));
  const answers = await Promise.all(flood);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]!.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(await refused[0]!.json()).toEqual({ error: expect.stringContaining('15 operations per second') });
  expect(await askHttp(server.httpPort, '/flooded.json', { token })).toEqual({ status: 200, body: null });
  await vi.waitFor(async () => expect((await askHttp(server.httpPort, '/flooded.json')).status).toBe(200), {
    timeout: 15_000,
    interval: 200,
  });
});

test('the default size of writes is durable, and in force', async () => {
  const put = (path: string, json: string) => askHttp(server.httpPort, path, { method: 'PUT', token, json });
  expect(await put('/sized.json?print=silent', MORE_THAN_TINY)).toMatchObject({ status: 204 });
  expect(await put(SIZE, '"tiny"')).toEqual({ status: 200, body: 'tiny' });
  await server.kill();
  server = await start();
  expect((await askHttp(server.httpPort, SIZE, { token })).body).toBe('tiny');
  expect((await put('/sized.json', MORE_THAN_TINY)).status).toBe(413);
  expect((await put('/sized.json?writeSizeLimit=large&print=silent', MORE_THAN_TINY)).status).toBe(204);
});
