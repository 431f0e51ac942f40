import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterNode, type ClusterOptions, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';
import { measureSpread, type Spread } from './spread.js';

const PAIRINGS: Pick<ClusterOptions, 'store' | 'notifier'>[] = [
  { store: 'mongodb', notifier: 'amqp' },
  { store: 'mongodb', notifier: 'redis' },
  { store: 'mongodb', notifier: 'nats' },
  { store: 'postgres', notifier: 'postgres' },
];
const WITHOUT_NOTIFIER: Pick<ClusterOptions, 'store' | 'notifier'>[] = [
  { store: 'mongodb', notifier: 'none' },
  { store: 'postgres', notifier: 'none' },
];
const FURTHER_PAIRINGS: Pick<ClusterOptions, 'store' | 'notifier'>[] = [
  { store: 'postgres', notifier: 'amqp' },
  { store: 'postgres', notifier: 'nats' },
];
/** Of changes of rules and sessions. */
const ROUNDS = 10;
/** A lease of a dead node, and what it takes to take over. */
const TAKE_OVER_MS = 60_000;

const clients: StompjsClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(node: ClusterNode, headers: Record<string, string> = {}): Promise<StompjsClient> {
  const client = await StompjsClient.connect(node.url, headers);
  clients.push(client);
  return client;
}

async function read(node: ClusterNode, path: string): Promise<unknown> {
  return (await (await connect(node)).listen(path)).bodies[0];
}

function expectSlowest(spread: Spread, { store, notifier }: (typeof PAIRINGS)[0], boundMs: number): void {
  const times = Object.entries(spread).map(([what, ms]) => `${what} ${Math.round(ms)} ms`);
  process.stdout.write(`${store} and ${notifier}, the slowest of ${ROUNDS} rounds: ${times.join(', ')}\n`);
  expect(Math.max(...Object.values(spread))).toBeLessThan(boundMs);
}

describe.each(PAIRINGS)('three nodes over $store and $notifier', (pairing) => {
  let cluster: Cluster | null = null;
  let nodes: readonly ClusterNode[];
  beforeAll(async () => {
    cluster = await startCluster({ ...pairing, nodes: 3 });
    nodes = cluster?.nodes ?? [];
  }, 120_000);
  beforeEach(({ skip }) => skip(cluster === null, 'a server for it is missing'));
  afterAll(() => cluster?.stop());

  test('a write on one is heard on all', async () => {
    const listens = await Promise.all(nodes.map(async (node) => (await connect(node)).listen('/room')));
    for (const [index, node] of nodes.entries()) {
      expect(await (await connect(node)).send(`/room/from-${index}`, { text: 'hi', index })).toBeNull();
    }
    const all = {
      'from-0': { text: 'hi', index: 0 },
      'from-1': { text: 'hi', index: 1 },
      'from-2': { text: 'hi', index: 2 },
    };
    for (const { bodies } of listens) {
      await until(() => bodies.length === 4, 'an event for each write');
      expect(bodies).toEqual([null, ...Object.values(all)]);
    }
    for (const node of nodes) expect(await read(node, '/room')).toEqual(all);
  });

  test('increments on all of them at once are all counted', async () => {
    const increment = { '.sv': { increment: 1 } };
    const writers = await Promise.all(nodes.map((node) => connect(node)));
    const writes = writers.flatMap((writer) => Array.from({ length: 20 }, () => writer.send('/count', increment)));
    expect(await Promise.all(writes)).toEqual(writes.map(() => null));
    for (const node of nodes) expect(await read(node, '/count')).toBe(60);
  });

  test('rules, sessions and their ends are in force on all within a second', async () => {
    expectSlowest(await measureSpread(nodes, ROUNDS), pairing, 1_000);
  }, 60_000);

  test('when one is killed the others go on, make once what its connections left, and it comes back level', async () => {
    const [first, , dying] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    const leaving = await connect(dying);
    expect(await leaving.send('/left', { '.sv': { increment: 1 } }, { 'on-disconnect': 'set' })).toBeNull();
    const { bodies } = await (await connect(first)).listen('/left');
    await dying.kill();
    expect(await (await connect(first)).send('/after', 'the end of one')).toBeNull();
    await expect.poll(() => bodies.at(-1), { timeout: TAKE_OVER_MS }).toBe(1);
    await dying.restart();
    expect(await read(dying, '/after')).toBe('the end of one');
    for (const node of nodes) expect(await read(node, '/left')).toBe(1);
    expect(bodies).toEqual([null, 1]);
  });

  test('one that is added later has all of it, and takes part', async () => {
    const added = await cluster!.add();
    expect(await read(added, '/')).toEqual(await read(nodes[0]!, '/'));
    const { bodies } = await (await connect(nodes[1]!)).listen('/late');
    expect(await (await connect(added)).send('/late', 'welcome')).toBeNull();
    await until(() => bodies.length === 2, 'an event for a write on the new node');
    expect(bodies[1]).toBe('welcome');
  });

  test('/health tells how store, notifier and copy are', async () => {
    const { status, body } = await askHttp(nodes[0]!.server.httpPort, '/health');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        components: { store: { status: 'ok' }, broker: { status: 'ok' }, replica: { status: 'ok' } },
      },
    });
  });

  test('doctor measures what they share', async () => {
    const place = ['--data', nodes[0]!.server.dataDir, '--port', '0', '--tcp-port', '0'];
    const { code, stdout } = await runBackside(['doctor', ...place, ...cluster!.flags]);
    expect(stdout).toMatch(/^ok {4}promise: an acknowledged write survives /m);
    expect(stdout).toMatch(/^ok {4}store: an append takes [\d.]+ ms/m);
    expect(stdout).toMatch(/^ok {4}store: all tables and indexes are there$/m);
    expect(stdout).toMatch(/^(ok {4}|note {2})clock: /m);
    expect(stdout).toMatch(/^ok {4}notifier: a message is back after [\d.]+ ms/m);
    expect({ code, failures: stdout.match(/^FAIL.*/gm) }).toEqual({ code: 0, failures: null });
  });
});

test.each(WITHOUT_NOTIFIER)(
  'over $store without a notifier they are in force on all within two',
  async (pairing) => {
    const cluster = await startCluster({ ...pairing, nodes: 3 });
    if (cluster === null) return;
    try {
      expectSlowest(await measureSpread(cluster.nodes, ROUNDS), pairing, 2_000);
    } finally {
      await cluster.stop();
    }
  },
  120_000,
);

test.each(FURTHER_PAIRINGS)(
  'a write is heard over $store and $notifier',
  async (pairing) => {
    const cluster = await startCluster({ ...pairing, nodes: 2 });
    if (cluster === null) return;
    try {
      const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
      const { bodies } = await (await connect(second)).listen('/n');
      for (let round = 0; round < 10; round += 1) expect(await (await connect(first)).send('/n', round)).toBeNull();
      await until(() => bodies.length === 11, 'an event for each write');
      expect(bodies).toEqual([null, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      for (const { server } of cluster.nodes) {
        const { body } = await askHttp(server.httpPort, '/health');
        expect(body).toMatchObject({ status: 'ok', components: { broker: { status: 'ok' } } });
      }
    } finally {
      await cluster.stop();
    }
  },
  120_000,
);

describe('a node with two workers beside one with one process', () => {
  let cluster: Cluster | null = null;
  let workers: ClusterNode;
  let single: ClusterNode;
  beforeAll(async () => {
    cluster = await startCluster({ store: 'mongodb', notifier: 'redis', nodes: 1 });
    if (cluster === null) return;
    [single] = cluster.nodes as [ClusterNode];
    workers = await cluster.add({ workers: 2 });
  }, 120_000);
  beforeEach(({ skip }) => skip(cluster === null, 'a server for it is missing'));
  afterAll(() => cluster?.stop());

  test('every worker hears the other node, and it every worker', async () => {
    const listens = await Promise.all(
      Array.from({ length: 6 }, async () => (await connect(workers)).listen('/shared')),
    );
    const far = await (await connect(single)).listen('/shared');
    expect(await (await connect(single)).send('/shared', 'from afar')).toBeNull();
    for (const { bodies } of listens) await until(() => bodies.at(-1) === 'from afar', 'the write of the other node');
    for (let index = 0; index < 6; index += 1) {
      expect(await (await connect(workers)).send('/shared', index)).toBeNull();
      await until(() => far.bodies.at(-1) === index, 'the write of a worker');
    }
    for (const { bodies } of listens) {
      await until(() => bodies.length === 8, 'the last write at every worker');
      expect(bodies).toEqual([null, 'from afar', 0, 1, 2, 3, 4, 5]);
    }
  });

  test('/health and /metrics of a worker tell of what the primary holds', async () => {
    const { body } = await askHttp(workers.server.httpPort, '/health');
    expect(body).toMatchObject({ status: 'ok', components: { store: { status: 'ok' }, broker: { status: 'ok' } } });
    const metrics = await askHttp<string>(workers.server.httpPort, '/metrics');
    expect(metrics.body.match(/^backside_database_notifier_up\{.*\} 1$/gm)).toHaveLength(2);
  });

  test('contended increments of all processes are all counted', async () => {
    const increment = { '.sv': { increment: 1 } };
    const writers = await Promise.all([single, workers, workers, workers].map((node) => connect(node)));
    const writes = writers.flatMap((writer) => Array.from({ length: 20 }, () => writer.send('/count', increment)));
    expect(await Promise.all(writes)).toEqual(writes.map(() => null));
    for (const node of [single, workers]) expect(await read(node, '/count')).toBe(80);
  });

  test('killed as a whole and started again it is level with the other', async () => {
    await workers.kill();
    expect(await (await connect(single)).send('/meanwhile', true)).toBeNull();
    await workers.restart();
    expect(await read(workers, '/')).toEqual(await read(single, '/'));
  });
});
