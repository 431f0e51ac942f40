import { readFile } from 'node:fs/promises';
import { connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { type RuntimeServer, startRuntimeServer } from './backendjs-runtime.js';

const PATIENCE = { timeout: 30_000 };
/** The first server may have to be built. */
const START_TIMEOUT_MS = 180_000;

describe('two workers with jobs, functions and the legacy interface', () => {
  let runtime: RuntimeServer;
  beforeAll(async () => {
    runtime = await startRuntimeServer(2);
  }, START_TIMEOUT_MS);
  afterAll(() => runtime?.stop());
  const ask = <Body>(path: string, request = {}) => askHttp<Body>(runtime.server.httpPort, path, request);

  test('each request goes to the interface that it is for', async () => {
    await ask('/account.json', { method: 'PUT', json: { of: 'the tree' } });
    expect((await ask('/account.json')).body).toEqual({ of: 'the tree' });
    expect((await ask('/account/get')).status).toBe(417);
    expect((await ask('/auth')).body).toMatchObject({ status: 417 });
    expect((await ask('/auth/ways')).body).toMatchObject({ password: true });
    expect((await ask('/system/params.json')).body).toBeNull();
    expect((await ask('/.settings/rules.json')).status).toBe(401);
    expect((await ask('/health')).body).toMatchObject({ status: 'ok' });
    expect(await ask('/nothing/here')).toMatchObject({ status: 404, body: { error: expect.anything() } });
  });

  test('health tells of what the node uses', async () => {
    expect((await ask('/health')).body).toMatchObject({
      services: {
        blobs: { kind: 'files', status: 'ok' },
        queue: { kind: 'embedded', status: 'ok' },
        cache: { kind: 'memory', status: 'ok' },
      },
    });
  });

  test('jobs, ticks of the crontab and events of functions are run once, not by every worker', async () => {
    const orders = Array.from({ length: 5 }, (_, index) => index);
    await Promise.all(orders.map((n) => ask(`/orders/o${n}.json`, { method: 'PUT', json: { n } })));
    const { body } = await runtime.ask<{ ids: string[] }>(
      `/system/jobs/send?job=${encodeURIComponent(JSON.stringify({ 'note.note': { file: `${runtime.folder}/jobs.lines` } }))}`,
    );
    await expect.poll(() => runtime.lines('jobs'), PATIENCE).toEqual([`${body.ids[0]} 1`]);
    await expect.poll(async () => (await ask(`/jobs/${body.ids[0]}/result.json`)).body, PATIENCE).toBe('noted');
    const note = { 'note.note': { file: `${runtime.folder}/jobs.lines` } };
    const list = encodeURIComponent(JSON.stringify([note, 'no.such', note]));
    const [id] = (await runtime.ask<{ ids: string[] }>(`/system/jobs/send?job=${list}`)).body.ids;
    await expect.poll(async () => (await ask(`/jobs/${id}/state.json`)).body, PATIENCE).toBe('done');
    expect((await runtime.lines('jobs')).slice(1)).toEqual([`${id}-0-0 1`, `${id}-2-0 1`]);
    await expect.poll(async () => (await runtime.lines('ticks')).length, PATIENCE).toBeGreaterThan(3);
    const ticks = await runtime.lines('ticks');
    expect(new Set(ticks).size).toBe(ticks.length);
    await expect
      .poll(async () => (await ask('/copies.json?shallow=true')).body, PATIENCE)
      .toEqual({
        o0: true,
        o1: true,
        o2: true,
        o3: true,
        o4: true,
      });
    const events = await runtime.lines('orders');
    expect([events.length, new Set(events).size]).toEqual([5, 5]);
  });

  test('metrics in the names of the original come from the real registry', async () => {
    const { body } = await runtime.ask<Record<string, number>>('/system/stats/get');
    expect(body).toMatchObject({ pool_name: 'default', type: 'worker' });
    for (const name of ['rss', 'heap', 'pool_req', 'api_req_rcnt']) expect(body[name], name).toBeGreaterThan(0);
  });

  test('settings are shown without secrets', async () => {
    const { body } = await runtime.ask<Record<string, string>>('/system/params/get');
    expect(body).toMatchObject({ '-api-access-token-secret': '***', '-backside-backendjs': 'true' });
    expect(JSON.stringify(body)).not.toContain('secret of tokens');
  });

  test('settings are read again in all workers without a restart, and nobody is cut off', async () => {
    const pings = async (): Promise<number[]> => {
      const fresh = { headers: { connection: 'close' } };
      const url = `http://127.0.0.1:${runtime.server.httpPort}/ping`;
      const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(url, fresh)));
      return [...new Set(answers.map(({ status }) => status))];
    };
    expect(await pings()).toEqual([417]);
    await runtime.writeSettings({ 'api-allow': ['^/$', '^/login$', '^/logout$', '^/ping$'] });
    await runtime.writeConfig({ logLevel: 'debug' });
    expect((await runtime.ask('/system/config/init')).body).toEqual({});
    await expect.poll(pings, PATIENCE).toEqual([200]);
  });

  test('what needs a restart is refused by its name, and nothing is changed', async () => {
    await runtime.writeConfig({ logLevel: 'warn', port: 4999, indexes: [{ pattern: '/users', by: 'age' }] });
    const { status, body } = await runtime.ask<{ message: string }>('/system/config/init');
    expect(status).toBe(400);
    expect(body.message).toMatch(/nothing is changed: .*indexes.* need the server to be restarted/);
    await runtime.writeSettings({ 'api-upload-limit': 'plenty' });
    await runtime.writeConfig({ logLevel: 'debug' });
    expect((await runtime.ask<{ message: string }>('/system/config/init')).body.message).toContain('api-upload-limit');
    await runtime.writeSettings({});
    expect((await runtime.ask('/system/config/init')).body).toEqual({});
  });

  test('the workers are replaced from the legacy interface while a client listens on', async () => {
    const { pid, httpPort } = runtime.server;
    const children = async (): Promise<string> => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const before = (await children()).trim().split(' ');
    const db = connect(`ws://127.0.0.1:${httpPort}`, { socket: nodeSocket });
    const seen: unknown[] = [];
    db.on('/counter', (value) => seen.push(value));
    await expect.poll(() => seen.length, PATIENCE).toBeGreaterThan(0);
    expect((await runtime.ask('/system/restart')).body).toEqual({});
    await expect.poll(() => runtime.server.output(), { timeout: 60_000 }).toContain('all workers have been replaced');
    const after = (await children()).trim().split(' ');
    expect(after.filter((child) => before.includes(child))).toEqual([]);
    await ask('/counter.json', { method: 'PUT', json: 42 });
    await expect.poll(() => seen.at(-1), PATIENCE).toBe(42);
    await db.close();
  });
});

test('one process reads its settings again, and says that it cannot be replaced', async () => {
  const runtime = await startRuntimeServer(1);
  try {
    const restart = await runtime.ask<{ message: string }>('/system/restart');
    expect([restart.status, restart.body.message]).toEqual([400, expect.stringContaining('--workers 2')]);
    await runtime.writeSettings({ 'api-allow': ['^/ping$'] });
    process.kill(runtime.server.pid, 'SIGHUP');
    const ping = async (): Promise<number> => (await askHttp(runtime.server.httpPort, '/ping')).status;
    await expect.poll(ping, PATIENCE).toBe(200);
    await expect.poll(async () => (await runtime.lines('ticks')).length, PATIENCE).toBeGreaterThan(1);
  } finally {
    await runtime.stop();
  }
});
