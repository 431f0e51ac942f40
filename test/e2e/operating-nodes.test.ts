import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Cluster, type ClusterNode, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { startService } from '../services/index.js';
import { runBackside } from './run-backside.js';

const PORTS = ['--port', '0', '--tcp-port', '0'];

const clients: StompjsClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(node: ClusterNode): Promise<StompjsClient> {
  const client = await StompjsClient.connect(node.url);
  clients.push(client);
  return client;
}

async function read(node: ClusterNode, path: string): Promise<unknown> {
  return (await (await connect(node)).listen(path)).bodies[0];
}

let cluster: Cluster | null = null;
let node: ClusterNode;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-operating-'));
  await writeFile(join(folder, 'people.json'), '{"bob":{"age":74},"eve":{"age":50}}');
  cluster = await startCluster({
    store: 'postgres',
    notifier: 'postgres',
    nodes: 1,
    args: ['--journal-retention-age', '0'],
  });
  if (cluster !== null) [node] = cluster.nodes as [ClusterNode];
}, 120_000);
beforeEach(({ skip }) => skip(cluster === null, 'a server for it is missing'));
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

test('commands work on the shared store whether a node runs on their folder or not', async () => {
  const alone = ['--data', join(folder, 'alone'), ...cluster!.flags];
  expect(await runBackside(['import', join(folder, 'people.json'), '/people', ...alone])).toMatchObject({ code: 0 });
  expect(await read(node, '/people')).toEqual({ bob: { age: 74 }, eve: { age: 50 } });
  const beside = ['--data', node.server.dataDir, ...cluster!.flags];
  for (const place of [alone, beside, ['--data', join(folder, 'none'), ...cluster!.flags]]) {
    const { code, stdout, stderr } = await runBackside(['export', '/people', ...place]);
    expect({ code, exported: JSON.parse(stdout || stderr) }).toEqual({
      code: 0,
      exported: { bob: { age: 74 }, eve: { age: 50 } },
    });
  }
  const created = await runBackside(['create-admin', 'root', ...alone], { input: 'correct horse battery\n' });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  const users = await runBackside(['users', 'list', '--data', node.server.dataDir]);
  expect(users.stdout).toContain('root');
  const refused = await runBackside(['import', join(folder, 'people.json'), '/people', ...beside]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/is in use by process \d+; to import through the server that runs there, use --url/);
});

test('a copy that is too far behind, or of another history, is made anew', async () => {
  const late = await cluster!.add();
  const writer = await connect(node);
  await expect
    .poll(
      async () => {
        await late.stop();
        // The journal is trimmed every ten seconds at most, behind what the copies of running nodes have on disk.
        for (let second = 0; second < 14; second += 1) {
          expect(await writer.send('/many', { [second]: 'x'.repeat(1_000) }, { method: 'update' })).toBeNull();
          await sleep(1_000);
        }
        await late.restart();
        return late.server.output();
      },
      { timeout: 90_000, interval: 0 },
    )
    .toContain('the tree was copied from the checkpoint');
  expect(await read(late, '/')).toEqual(await read(node, '/'));

  await late.stop();
  const other = await startCluster({ store: 'postgres', notifier: 'postgres', nodes: 1 });
  try {
    await (await connect(other!.nodes[0]!)).send('/other', 'history');
    const moved = ['--data', late.server.dataDir, ...other!.flags];
    const exported = await runBackside(['export', ...moved]);
    expect(JSON.parse(exported.stdout)).toEqual({ other: 'history' });
    expect(await runBackside(['import', join(folder, 'people.json'), '/people', ...moved])).toMatchObject({
      code: 0,
    });
    expect(await read(other!.nodes[0]!, '/')).toMatchObject({ other: 'history', people: { bob: { age: 74 } } });
  } finally {
    await other?.stop();
  }
}, 180_000);

test('a store that does not come up in time ends a start with the reason, without its password', async () => {
  const unreachable = [
    '--store',
    'postgres',
    '--store-url',
    'postgres://u:sesame@127.0.0.1:1/db',
    '--store-patience',
    '12s',
  ];
  const started = await runBackside(['start', '--data', join(folder, 'late'), ...PORTS, ...unreachable]);
  expect(started.code).toBe(1);
  expect(started.stderr).toMatch(/the journal \(postgres\) cannot be reached; trying again/);
  expect(started.stderr).toMatch(/the journal \(postgres\) could not be reached: .*ECONNREFUSED/);
  expect(started.stderr).not.toContain('sesame');
  const examined = await runBackside(['doctor', '--data', join(folder, 'late'), ...PORTS, ...unreachable]);
  expect(examined).toMatchObject({ code: 1, stderr: '' });
  expect(examined.stdout).toMatch(/^FAIL {2}store: postgres cannot be used: .*ECONNREFUSED/m);
  expect(examined.stdout).not.toContain('sesame');
});

test('a broker that is down delays no start, and is taken up once it is back', async ({ skip }) => {
  const broker = await startService('redis');
  if (broker === null) return skip('redis is missing');
  await broker.kill();
  const pair = await startCluster({
    store: 'postgres',
    notifier: 'redis',
    nodes: 2,
    urls: () => ({ notifier: broker.url }),
  });
  try {
    const [first, second] = pair!.nodes as [ClusterNode, ClusterNode];
    expect(first.server.output()).toContain('the notifier cannot be reached; this node begins without it');
    const { bodies } = await (await connect(second)).listen('/n');
    expect(await (await connect(first)).send('/n', 1)).toBeNull();
    await until(() => bodies.at(-1) === 1, 'a write that nobody told of');
    await broker.restart();
    for (const { server } of [first, second]) {
      const health = async (): Promise<unknown> => (await askHttp(server.httpPort, '/health')).body;
      await expect.poll(health, { timeout: 30_000 }).toMatchObject({ components: { broker: { status: 'ok' } } });
    }
    expect(await (await connect(first)).send('/n', 2)).toBeNull();
    await until(() => bodies.at(-1) === 2, 'a write that the broker told of');
    expect(bodies).toEqual([null, 1, 2]);
  } finally {
    await pair?.stop();
    await broker.stop();
  }
});

test('a folder of an embedded store is never taken for a copy, nor the other way round', async () => {
  const embedded = ['--data', join(folder, 'embedded')];
  expect(await runBackside(['import', join(folder, 'people.json'), '/', ...embedded])).toMatchObject({ code: 0 });
  const shared = await runBackside(['start', ...embedded, ...PORTS, ...cluster!.flags]);
  expect(shared).toMatchObject({ code: 1, stderr: expect.stringContaining('holds the data of an embedded store') });
  const copied = await runBackside(['start', '--data', node.server.dataDir, ...PORTS]);
  expect(copied).toMatchObject({ code: 1, stderr: expect.stringContaining("holds a node's copy of a shared store") });
  const kept = await runBackside(['export', ...embedded]);
  expect(JSON.parse(kept.stdout)).toEqual({ bob: { age: 74 }, eve: { age: 50 } });
});

test('pairs that cannot work are refused before anything is opened', async () => {
  const started = await runBackside(['start', '--data', join(folder, 'pair'), '--notifier', 'redis']);
  expect(started).toMatchObject({ code: 2, stderr: expect.stringContaining('belongs to one node') });
});
