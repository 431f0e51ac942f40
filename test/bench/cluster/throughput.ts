import type { ClusterNode } from '../../harness/cluster.js';
import { median, percentile } from '../../harness/measure.js';
import { LoadProcess } from '../load.js';
import { atLeast, clientShare, cpuMicroseconds, interleave, type Line, type Plan, rate, valuesOf } from '../row.js';
import type { Sample } from '../scenario.js';
import { type BareRates, WRITERS } from './bare-servers.js';
import { targetOf } from './pairing.js';

/** Acknowledged durable writes of 64 writers, spread evenly over the nodes. */
export async function measureThroughput(nodes: readonly ClusterNode[], plan: Plan): Promise<Sample[]> {
  const targets = nodes.map(targetOf);
  const load = await LoadProcess.start('spreadWrites', {
    ports: targets.map(({ port }) => port),
    pids: targets.map(({ pid }) => pid),
    writers: WRITERS,
  });
  try {
    const [samples] = await interleave([load], plan);
    return samples!;
  } finally {
    await load.stop();
  }
}

export function throughputLine(title: string, writes: readonly Sample[], bare: BareRates): Line {
  const latencies = valuesOf(writes);
  const notes = [
    `acknowledged after ${median(latencies).toFixed(1)} ms (p50), ${percentile(latencies, 0.99).toFixed(1)} ms (p99)`,
    `the store alone, ${WRITERS} inserts at a time: ${Math.round(bare.parallel)}/s`,
    `the broker alone, ${WRITERS} messages under way: ${Math.round(bare.published)}/s`,
    clientShare(writes),
  ];
  return {
    title: `${title}: ${WRITERS} writers`,
    unit: 'writes/s',
    ours: rate(writes),
    reference: bare.single,
    referenceName: 'single inserts',
    goal: atLeast(5),
    cpu: { unit: 'µs/write, all nodes', ours: cpuMicroseconds(writes), reference: null },
    note: notes.join('; '),
  };
}
