import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterNode } from '../../harness/cluster.js';
import { askHttp } from '../../harness/http-client.js';
import { dialectOf } from '../dialects.js';
import { itemKey, itemOf, LEAVES_PER_ITEM } from '../items.js';
import { LoadProcess } from '../load.js';
import type { Line } from '../row.js';
import type { Workspace } from '../workspace.js';
import { megabytesOf } from './extra-node.js';
import { type Pairing, type Servers, startNodes, targetOf } from './pairing.js';
import { type ProjectedLeaves, watchProjection } from './projected-leaves.js';

/** How long the store may take to make its checkpoint before a node joins all the same. */
const PROJECTION_MS = { quick: 5_000, full: 40_000 };
const HEALTHY_WITHIN_MS = 120_000;
const NEW_NODE = ['--log-level', 'info', '--log-format', 'json'];

/** A node with an empty folder joins one that runs: from its start until it is healthy and answers with the data. */
export async function measureBootstrap(pairing: Pairing, servers: Servers, workspace: Workspace): Promise<Line> {
  const leaves = workspace.manyLeaves;
  const cluster = await startNodes(servers, 1);
  const projection = await watchProjection(servers.store, cluster.flags);
  try {
    const empty = await join(cluster, 0);
    await empty.node.stop();
    await fillItems(cluster.nodes[0]!, leaves);
    const projected = await projection.atLeast(leaves, PROJECTION_MS[workspace.quick ? 'quick' : 'full']);
    return await lineOf(pairing.store, { joined: await join(cluster, leaves), empty, leaves, projected });
  } finally {
    await projection.close();
    await cluster.stop();
  }
}

interface Joined {
  readonly node: ClusterNode;
  readonly seconds: number;
}

async function join(cluster: Cluster, leaves: number): Promise<Joined> {
  const start = performance.now();
  const node = await cluster.add({ args: NEW_NODE });
  await healthy(node);
  if (leaves > 0) await answersRight(node, leaves / LEAVES_PER_ITEM);
  return { node, seconds: (performance.now() - start) / 1000 };
}

async function fillItems(node: ClusterNode, leaves: number): Promise<void> {
  await LoadProcess.once('fill', targetOf(node), leaves);
}

async function healthy(node: ClusterNode): Promise<void> {
  const end = performance.now() + HEALTHY_WITHIN_MS;
  for (;;) {
    const { status, body } = await askHttp(node.server.httpPort, '/health');
    if (status === 200) return;
    if (performance.now() > end) throw new Error(`a new node is not healthy: ${JSON.stringify(body)}`);
    await sleep(10);
  }
}

/** Looks at the first item, one in the middle and the last. */
async function answersRight(node: ClusterNode, items: number): Promise<void> {
  const connection = await dialectOf('backside-tcp').open(node.server.tcpPort);
  try {
    for (const index of [0, items >> 1, items - 1]) {
      const frame = `SUBSCRIBE\nid:${index}\nonce:true\ndestination:/items/${itemKey(index)}/score\n\n\0`;
      const answer = await connection.ask(frame, (text) => text.trimEnd().endsWith('\0'));
      const expected = `\n\n${itemOf(index).score}\0`;
      if (!answer.trimEnd().endsWith(expected))
        throw new Error(`a new node answers wrongly for item ${index}: ${answer}`);
    }
  } finally {
    connection.close();
  }
}

interface Measured {
  readonly joined: Joined;
  readonly empty: Joined;
  readonly leaves: number;
  readonly projected: ProjectedLeaves;
}

async function lineOf(store: string, { joined, empty, leaves, projected }: Measured): Promise<Line> {
  const took = joined.seconds - empty.seconds;
  const copied = joined.node.server.output().matchAll(/"entries":(\d+),"tookMs":/g);
  // Of the two databases, the data's and the private one, the data's is by far the larger.
  const checkpoint = Math.max(0, ...Array.from(copied, ([, entries]) => Number(entries)));
  const notes = [
    `${Math.round(leaves / took)} leaves/s beyond an empty start`,
    `from the checkpoint: ${checkpoint} entries, the rest from the journal`,
    `${projected.leaves} leaves projected ${projected.seconds.toFixed(1)} s after the last write`,
    `memory of the new node ${Math.round(await megabytesOf(joined.node.server.pid))} MB`,
  ];
  return {
    title: `${store}: a node joins, ${leaves.toLocaleString('en')} leaves`,
    unit: 's',
    ours: joined.seconds,
    reference: empty.seconds,
    referenceName: 'the same, no data',
    goal: null,
    note: notes.join('; '),
  };
}
