import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Database } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterNode, startCluster } from '../harness/cluster.js';

const COUNT = `
import { onCreate } from '@backside/jobs/functions';
const increment = { '.sv': { increment: 1 } };
export const count = onCreate('/orders/{id}', ({ params }, { database }) =>
  database.update('/', { count: increment, ['handled/' + params.id]: increment }));`;

/** A lease of a dead node, and what it takes to take over. */
const TAKE_OVER_MS = 60_000;

describe('functions of two nodes over postgres', () => {
  let folder: string;
  let cluster: Cluster | null = null;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'functions-nodes-'));
    await writeFile(join(folder, 'count.js'), COUNT);
    cluster = await startCluster({ store: 'postgres', notifier: 'none', nodes: 2, args: ['--functions', folder] });
  }, 120_000);
  beforeEach(({ skip }) => skip(cluster === null, 'a server for it is missing'));
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const runs = ({ server }: ClusterNode): boolean => server.output().includes('this node runs the functions');

  test('have their effect once per order, though the node that runs them dies', { timeout: 120_000 }, async () => {
    const running = cluster!.nodes.find(runs)!;
    const other = cluster!.nodes.find((node) => node !== running)!;
    expect(runs(other)).toBe(false);
    const [first, second] = [running, other].map(open) as [Database, Database];
    const ids = Array.from({ length: 100 }, (_, index) => `n${index}`);
    await Promise.all(ids.slice(0, 50).map((id, index) => (index % 2 ? first : second).set(`/orders/${id}`, 1)));
    await running.kill();
    await first.close();
    await Promise.all(ids.slice(50).map((id) => second.set(`/orders/${id}`, 1)));
    await expect.poll(() => second.get('/count'), { timeout: TAKE_OVER_MS, interval: 200 }).toBe(ids.length);
    expect(await second.get('/handled')).toEqual(Object.fromEntries(ids.map((id) => [id, 1])));
    expect(runs(other)).toBe(true);
    await second.close();
  });
});

function open({ url }: ClusterNode): Database {
  return connect(url.replace(/\/stomp$/, ''), { socket: nodeSocket });
}
