import type { Cluster } from '../../harness/cluster.js';
import { anonymousBytes, collectGarbage, cpuSeconds, median } from '../../harness/measure.js';
import { LoadProcess } from '../load.js';
import type { Line, Plan } from '../row.js';
import { WRITERS } from './bare-servers.js';
import { targetOf } from './pairing.js';

const MEGABYTE = 1024 * 1024;

/** What the last node costs while it only follows what all write to the first one: its CPU per write, and its memory after that. */
export async function measureExtraNode(title: string, cluster: Cluster, plan: Plan): Promise<Line[]> {
  const [writing, following] = [targetOf(cluster.nodes[0]!), targetOf(cluster.nodes.at(-1)!)];
  const load = await LoadProcess.start('spreadWrites', {
    ports: [writing.port],
    pids: [writing.pid],
    writers: WRITERS,
  });
  const cpu: { writing: number; following: number }[] = [];
  try {
    await load.round(plan.warmUp);
    for (let round = 0; round < plan.rounds; round += 1) {
      const before = cpuSeconds(following.pid);
      const { units, serverCpu } = await load.round(plan.amount);
      const used = cpuSeconds(following.pid) - before;
      cpu.push({ writing: (serverCpu * 1e6) / units, following: (used * 1e6) / units });
    }
  } finally {
    await load.stop();
  }
  const referenceName = 'the node written to';
  return [
    {
      title: `${title}: a node that only follows, CPU`,
      unit: 'µs/write',
      ours: median(cpu.map((round) => round.following)),
      reference: median(cpu.map((round) => round.writing)),
      referenceName,
      goal: null,
    },
    {
      title: `${title}: a node that only follows, memory`,
      unit: 'MB',
      ours: await megabytesOf(following.pid),
      reference: await megabytesOf(writing.pid),
      referenceName,
      goal: null,
    },
  ];
}

/** Without the mapped files of the replica, and without garbage. */
export async function megabytesOf(pid: number): Promise<number> {
  await collectGarbage(pid);
  return anonymousBytes(pid) / MEGABYTE;
}
