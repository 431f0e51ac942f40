import { createMemoryPrivateTree } from '@backside/auth';
import { createEmbeddedQueue, createJobs, type Handler, type Jobs } from '@backside/jobs';
import { createMemoryNotifier } from '@backside/notifier';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ipc, openIpc } from '../ipc/ipc.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import type { ServerControl } from './server-control.js';

let server: LegacyFixture;
let admin: TestAccount;
let user: TestAccount;
let ipc: Ipc;
let jobs: Jobs;
const steered: string[] = [];
/** The handlers that ran, in order. */
const ran: string[] = [];

/** Takes note of what it is told; refuses to read the queue again. */
const control: ServerControl = {
  restart: async () => void steered.push('restart'),
  reload: async (what) => {
    if (what === 'queue')
      throw new BacksideError('invalid-data', 'nothing is changed: port needs the server to be restarted');
    steered.push(what);
    return [];
  },
  parameters: (all) => (all ? { port: '5000', storeUrl: '(redacted)', workers: '2' } : { workers: '2' }),
};

beforeAll(async () => {
  ipc = await openIpc({
    notifier: createMemoryNotifier(),
    nodeId: 'node-a',
    appName: 'bkjs',
    roles: ['worker'],
    logger: SILENT_LOGGER,
  });
  server = await startLegacy({
    settings: { 'api-session-secret': 'a session secret that nobody sees', 'api-upload-limit': 20_000_000 },
    extend: ({ database, now, logger }) => {
      const tree = createMemoryPrivateTree();
      const queue = createEmbeddedQueue({ tree, now, logger });
      const handlers = new Map<string, Handler>([
        [
          'mail.send',
          () => {
            ran.push('send');
            return { sent: true };
          },
        ],
        [
          'mail.slow',
          async (nth) => {
            await new Promise((resolve) => setTimeout(resolve, 50));
            ran.push(`slow ${nth}`);
            return null;
          },
        ],
      ]);
      jobs = createJobs({ queue, database, tree, handlers, logger, now, random: Math.random, workers: 1 });
      return { control, ipc, jobs };
    },
  });
  admin = await server.account('root', { types: ['admin'] });
  user = await server.account('bob');
});
afterAll(async () => {
  await jobs.close();
  await server.close();
  await ipc.close();
});

const get = (path: string, params: Record<string, string | number> = {}, as: TestAccount = admin) =>
  server.client.get(path, params, { as });

describe('who may use it', () => {
  it('is for admins only', async () => {
    const paths = ['/system/restart', '/system/cache/stats', '/system/params/get', '/system/stats/get', '/system/x'];
    for (const path of paths) {
      expect((await server.client.get(path)).status).toBe(417);
      expect(await get(path, {}, user).then(({ status, json }) => [status, json.code])).toEqual([401, 'ADMIN']);
    }
    expect(steered).toEqual([]);
  });

  it('tells of commands that there are not', async () => {
    for (const path of ['/system/nothing', '/system/cache/nothing', '/system/init?name=nothing']) {
      const { status, json } = await get(path);
      expect([status, json.message]).toEqual([400, 'Invalid command:nothing']);
    }
  });
});

describe('/system/cache and /system/lru', () => {
  it.each(['/system/cache', '/system/lru'])('%s keeps, adds, lists, removes and counts', async (base) => {
    expect((await get(`${base}/put`, { name: 'a', value: 7 })).json).toEqual({});
    expect((await get(`${base}/get`, { name: 'a' })).json).toEqual({ value: '7' });
    expect((await get(`${base}/incr`, { name: 'a', value: 5 })).json).toEqual({ value: '12' });
    expect((await get(`${base}/keys`)).json).toEqual(['a']);
    expect((await get(`${base}/stats`)).json).toMatchObject({ hits: 1, count: 1 });
    expect((await get(`${base}/del`, { name: 'a' })).json).toEqual({});
    expect((await get(`${base}/get`, { name: 'a' })).json).toEqual({ value: '' });
    expect((await get(`${base}/get`)).json).toMatchObject({ status: 400, message: 'name is required' });
  });

  it('has a cache of the process beside the shared one', async () => {
    await get('/system/cache/put', { name: 'b', value: 'shared' });
    await get('/system/cache/put', { name: 'b', value: 'local', cache: 'local' });
    expect((await get('/system/cache/get', { name: 'b' })).json).toEqual({ value: 'shared' });
    expect((await get('/system/lru/get', { name: 'b' })).json).toEqual({ value: 'local' });
    await get('/system/cache/clear');
    expect((await get('/system/cache/get', { name: 'b' })).json).toEqual({ value: '' });
  });
});

describe('steering', () => {
  it('restarts and reads again what is named', async () => {
    steered.length = 0;
    expect((await get('/system/restart')).json).toEqual({});
    await get('/system/config/init');
    await get('/system/cache/init');
    await get('/system/init', { name: 'msg' });
    expect(steered).toEqual(['restart', 'config', 'cache', 'msg']);
  });

  it('says why nothing was changed', async () => {
    const { status, json } = await get('/system/queue/init');
    expect([status, json.message]).toEqual([400, 'nothing is changed: port needs the server to be restarted']);
  });

  it('shows the settings in force without any secret', async () => {
    const { json, text } = await get('/system/params/get');
    expect(json).toMatchObject({
      '-api-upload-limit': '20000000',
      '-api-session-secret': '***',
      '-backside-workers': '2',
    });
    expect(json).not.toHaveProperty('-api-signature-name');
    expect(text).not.toContain('nobody sees');
    const all = await get('/system/params/info', { _total: 1 });
    expect(all.json).toMatchObject({ '-api-cors-origin': '*', '-backside-storeUrl': '(redacted)' });
  });
});

describe('/system/stats', () => {
  it('tells runtime metrics in the names of the original', async () => {
    await server.client.get('/account/get', {}, { as: user });
    const { json } = await get('/system/stats/get');
    expect(json).toMatchObject({ worker: 'node-a', pool_name: 'main', cpus: expect.any(Number) });
    expect(json.api_req_rcnt).toBeGreaterThan(10);
    expect(json.url_account_get_0).toBe(1);
    expect(json.api_401_0).toBeGreaterThan(0);
  });

  it('collects rows, and averages them by five minutes', async () => {
    await get('/system/stats/send');
    expect((await get('/system/stats/get')).json.url_account_get_0).toBeUndefined();
    const at = (mtime: number, util: number) =>
      server.client.postJson('/system/stats/put', { worker: `w${util}`, mtime, util, req_0: 3 }, { as: admin });
    await at(600_000, 10);
    await at(601_000, 30);
    await at(900_000, 50);
    const calc = (await get('/system/stats/calc')).json as unknown as Record<string, number>[];
    expect(calc.at(-1)).toMatchObject({ mtime: 600_000, util: 20, req_0: 6, rows: 2 });
    expect(calc.at(-2)).toMatchObject({ mtime: 900_000, util: 50, req_0: 3, rows: 1 });
    expect((await get('/system/stats/collect', { _count: 1 })).json).toHaveLength(1);
  });
});

describe('jobs and messages', () => {
  it('submits jobs by their names, and runs them', async () => {
    const { json } = await server.client.postJson(
      '/system/jobs/send',
      { job: { 'mail.send': { to: 'bob' } } },
      { as: admin },
    );
    const [id] = json.ids as string[];
    await expect.poll(async () => (await jobs.status(id!))?.state, { timeout: 20_000 }).toBe('done');
    expect(server.value(`/jobs/${id}`)).toMatchObject({ name: 'mail.send', result: { sent: true } });
  });

  it('runs the items of a list one after the other', async () => {
    ran.length = 0;
    const job = JSON.stringify([{ 'mail.slow': 1 }, 'mail.send', { 'mail.slow': 2 }]);
    const [id, ...others] = (await get('/system/jobs/submit', { job })).json.ids as unknown as string[];
    expect(others).toEqual([]);
    await expect.poll(async () => (await jobs.status(id!))?.state, { timeout: 20_000 }).toBe('done');
    expect(ran).toEqual(['slow 1', 'send', 'slow 2']);
    const broken = JSON.stringify(['mail.none', 'mail.send']);
    const { ids } = (await get('/system/jobs/submit', { job: broken, noerrors: 1 })).json;
    await expect.poll(async () => (await jobs.status((ids as string[])[0]!))?.state, { timeout: 20_000 }).toBe('dead');
    expect(ran).toHaveLength(3);
  });

  it('refuses what is no job', async () => {
    for (const job of ['mail', 'a.b.c', '{', '', '[[]]', '["a.b",5]', '["mail"]']) {
      expect((await get('/system/jobs/submit', { job })).status).toBe(400);
    }
    const tag = 'x'.repeat(129);
    expect((await get('/system/jobs/submit', { job: 'mail.send', tag })).status).toBe(400);
    expect((await get('/system/jobs/cancel', { name: 'mail.send', tag })).json).toEqual({ count: 0 });
  });

  it('cancels jobs by their name', async () => {
    const later = Date.now() + 3_600_000;
    const { json } = await get('/system/jobs/send', { job: 'mail.send', startTime: later });
    const [id] = json.ids as unknown as string[];
    expect((await get('/system/jobs/cancel', { name: 'mail.send' })).json).toEqual({ count: 1 });
    expect((await jobs.status(id!))?.state).toBe('cancelled');
  });

  it('cancels only the jobs of a name that have the tag', async () => {
    const later = { startTime: Date.now() + 3_600_000 };
    const send = async (given: Record<string, string>): Promise<string> =>
      ((await get('/system/jobs/send', { ...given, ...later })).json.ids as unknown as string[])[0]!;
    const tagged = await send({ job: 'mail.send', tag: 'spring' });
    const taggedInData = await send({ job: JSON.stringify({ 'mail.send': { to: 'bob', tag: 'spring' } }) });
    const others = [await send({ job: 'mail.send', tag: 'autumn' }), await send({ job: 'mail.send' })];
    expect((await get('/system/jobs/cancel', { name: 'mail.send', tag: 'spring' })).json).toEqual({ count: 2 });
    const stateOf = async (id: string): Promise<unknown> => (await jobs.status(id))?.state;
    expect([await stateOf(tagged), await stateOf(taggedInData)]).toEqual(['cancelled', 'cancelled']);
    expect(await Promise.all(others.map(stateOf))).toEqual(['waiting', 'waiting']);
    expect((await get('/system/jobs/cancel', { name: 'mail.send' })).json).toEqual({ count: 2 });
  });

  it('publishes to the channels of the processes', async () => {
    const heard: unknown[] = [];
    await ipc.subscribe('news', (message) => heard.push(message.value));
    const { json } = await get('/system/queue/publish', { key: 'news', value: 'hello' });
    expect(json).toEqual({ status: 200, message: '' });
    await expect.poll(() => heard).toEqual(['hello']);
  });

  it('sends no push messages, and says so', async () => {
    expect((await get('/system/msg/send', { device_id: 'x', msg: 'y' })).status).toBe(501);
  });
});
