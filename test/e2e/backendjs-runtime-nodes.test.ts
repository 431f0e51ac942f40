import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { type AskAsAdmin, makeRuntimeFiles, type RuntimeFiles, signInAdmin } from './backendjs-runtime.js';

const PATIENCE = { timeout: 60_000 };
/** The servers may have to be built. */
const START_TIMEOUT_MS = 240_000;

let cluster: Cluster | null = null;
let files: RuntimeFiles;
let ask: AskAsAdmin;
let ports: readonly [number, number];

beforeAll(async () => {
  files = await makeRuntimeFiles();
  const key = randomBytes(32).toString('base64');
  const args = ['--config', join(files.folder, 'config.json'), '--queue', 'redis', '--cache', 'redis'];
  const more = ['--backendjs-key', key, '--queue-prefix', `q-${randomBytes(4).toString('hex')}`];
  cluster = await startCluster({ nodes: 2, store: 'postgres', notifier: 'redis', args: [...args, ...more] });
  if (cluster === null) return;
  const [first, second] = cluster.nodes.map(({ server }) => server);
  ports = [first!.httpPort, second!.httpPort];
  ask = await signInAdmin(first!, cluster.flags);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await cluster?.stop();
  await files.remove();
});

describe('two nodes with jobs, functions and the legacy interface', () => {
  test('run each job, tick and event once, whichever of them took it', async ({ skip }) => {
    if (cluster === null) return skip();
    const [here, there] = ports;
    const job = encodeURIComponent(JSON.stringify({ 'note.note': { file: join(files.folder, 'jobs.lines') } }));
    const { body } = await ask<{ ids: string[] }>(`/system/jobs/send?job=${job}`);
    const result = (): Promise<unknown> => askHttp(there, `/jobs/${body.ids[0]}/result.json`).then((got) => got.body);
    await expect.poll(result, PATIENCE).toBe('noted');
    expect(await files.lines('jobs')).toEqual([`${body.ids[0]} 1`]);
    await askHttp(here, '/orders/a.json', { method: 'PUT', json: { n: 1 } });
    await askHttp(there, '/orders/b.json', { method: 'PUT', json: { n: 2 } });
    const copies = (): Promise<unknown> => askHttp(here, '/copies.json').then((got) => got.body);
    await expect.poll(copies, PATIENCE).toEqual({ a: { n: 1 }, b: { n: 2 } });
    await expect.poll(async () => (await files.lines('ticks')).length, PATIENCE).toBeGreaterThan(4);
    for (const name of ['ticks', 'orders'] as const) {
      const lines = await files.lines(name);
      expect(new Set(lines).size).toBe(lines.length);
    }
  });

  test('have one cache, and one set of accounts and tokens', async ({ skip }) => {
    if (cluster === null) return skip();
    const [here, there] = ports;
    await ask('/system/cache/put?name=shared&value=1', here);
    expect((await ask('/system/cache/incr?name=shared&value=4', there)).body).toEqual({ value: '5' });
    expect((await ask('/system/cache/get?name=shared', here)).body).toEqual({ value: '5' });
  });

  test('read their settings again when one of them is told to', async ({ skip }) => {
    if (cluster === null) return skip();
    const ping = (): Promise<number[]> => Promise.all(ports.map(async (port) => (await askHttp(port, '/ping')).status));
    expect(await ping()).toEqual([417, 417]);
    await files.writeSettings({ 'api-allow': ['^/login$', '^/ping$'] });
    expect((await ask('/system/config/init')).body).toEqual({});
    await expect.poll(ping, PATIENCE).toEqual([200, 200]);
  });
});
