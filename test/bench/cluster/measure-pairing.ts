import type { Line, Plan } from '../row.js';
import type { Sample } from '../scenario.js';
import { BareServers } from './bare-servers.js';
import { measureExtraNode } from './extra-node.js';
import { type Latencies, linesBetweenNodes, linesOnOneNode, measureLatency } from './latency.js';
import { nameOf, type Pairing, type Servers, startNodes } from './pairing.js';
import { measureThroughput, throughputLine } from './throughput.js';

const NODES = 3;
/** The last node leaves the table of nodes to the others, so that what it costs is following alone. */
const FOLLOWS_ONLY = ['--no-projector'];

/** How long each part is measured. */
export interface PairingPlan {
  readonly rates: Plan;
  readonly latency: Plan;
  readonly throughput: Plan;
}

interface Measured {
  readonly latencies: readonly Latencies[];
  readonly writes: readonly Sample[][];
  readonly extra: readonly Line[];
}

/** Everything about one store and broker with 1, 2 and 3 nodes. */
export async function measurePairing(pairing: Pairing, servers: Servers, plan: PairingPlan): Promise<Line[]> {
  const bare = await BareServers.start(servers);
  try {
    await bare.before(plan.rates);
    const measured = await measureNodes(nameOf(pairing), { servers, bare, plan });
    await bare.after(plan.rates);
    const { rates } = bare;
    const writes = measured.writes.map((samples, index) => throughputLine(titleOf(pairing, index + 1), samples, rates));
    const events = measured.latencies.flatMap((latencies, index) => {
      const title = `${titleOf(pairing, index + 1)}: event`;
      return index === 0 ? linesOnOneNode(title, latencies) : linesBetweenNodes(title, latencies);
    });
    return [...writes, ...events, ...measured.extra];
  } finally {
    await bare.stop();
  }
}

interface Parts {
  readonly servers: Servers;
  readonly bare: BareServers;
  readonly plan: PairingPlan;
}

/**
 * Light load first, node after node: many writes leave the projector work for a while, which must not be what a light load waits for.
 * Then many writers on all nodes, and on ever fewer.
 */
async function measureNodes(name: string, { servers, bare, plan }: Parts): Promise<Measured> {
  const cluster = await startNodes(servers, 0);
  try {
    const latencies: Latencies[] = [];
    while (cluster.nodes.length < NODES) {
      const isLast = cluster.nodes.length === NODES - 1;
      await cluster.add({ args: isLast ? FOLLOWS_ONLY : [] });
      latencies.push(await measureLatency(cluster.nodes, bare, plan.latency));
    }
    const extra = await measureExtraNode(name, cluster, plan.throughput);
    const writes: Sample[][] = [];
    for (let count = NODES; count >= 1; count -= 1) {
      writes.unshift(await measureThroughput(cluster.nodes.slice(0, count), plan.throughput));
      await cluster.nodes[count - 1]!.stop();
    }
    return { latencies, writes, extra };
  } finally {
    await cluster.stop();
  }
}

function titleOf(pairing: Pairing, nodes: number): string {
  return `${nameOf(pairing)}, ${nodes} node${nodes === 1 ? '' : 's'}`;
}
