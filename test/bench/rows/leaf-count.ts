import { itemKey, KEY_DIGITS, LEAVES_PER_ITEM } from '../items.js';
import { LoadProcess } from '../load.js';
import { atMost, clientShare, cpuMicroseconds, type Goal, interleave, type Line, type Row } from '../row.js';
import type { Sample, Target } from '../scenario.js';

const SMALL_LEAVES = 1000;

/** The 50 last items before one in the middle, so that it costs the same as anywhere. */
function queryBefore(items: number): Readonly<Record<string, unknown>> {
  return { orderBy: '$key', endBefore: itemKey(items - 10), limitToLast: 50 };
}

export function startWrites(target: Target, items: number): Promise<LoadProcess> {
  const paths = { prefix: '/items/k', digits: KEY_DIGITS, count: items, suffix: '/updated' };
  return LoadProcess.start('relay', {
    ...target,
    dialect: 'backside-ws',
    level: 'applied',
    listeners: 0,
    writers: 20,
    paths,
    body: 'number',
  });
}

function startQueries(target: Target, items: number): Promise<LoadProcess> {
  return LoadProcess.start('queries', { ...target, connections: 10, path: '/items', query: queryBefore(items) });
}

export const leafCount: Row = {
  name: 'leaf-count',
  summary: 'CPU per write and per limit query at 1,000,000 leaves against 1,000',
  async run(workspace) {
    const large = await workspace.startFilled(workspace.manyLeaves);
    const small = await workspace.startFilled(SMALL_LEAVES);
    const plan = workspace.quick ? { rounds: 3, amount: 0.7, warmUp: 0.7 } : { rounds: 4, amount: 3, warmUp: 2 };
    const lines: Line[] = [];
    for (const start of [startQueries, startWrites]) {
      const loads = [
        await start(large.websocket, workspace.manyLeaves / LEAVES_PER_ITEM),
        await start(small.websocket, SMALL_LEAVES / LEAVES_PER_ITEM),
      ];
      const [many, few] = await interleave(loads, plan);
      await Promise.all(loads.map((load) => load.stop()));
      const unit = start === startWrites ? 'write' : 'limit query';
      const title = `CPU per ${unit} at ${workspace.manyLeaves.toLocaleString('en')} leaves`;
      lines.push(cpuLine({ title, unit, referenceName: 'ours at 1,000', goal: atMost(1.3) }, many!, few!));
    }
    await Promise.all([large.stop(), small.stop()]);
    return lines;
  },
};

interface CpuLine {
  readonly title: string;
  readonly unit: string;
  readonly referenceName: string;
  readonly goal: Goal | null;
}

export function cpuLine(words: CpuLine, ours: readonly Sample[], theirs: readonly Sample[]): Line {
  const cpu = { unit: `µs/${words.unit}`, ours: cpuMicroseconds(ours), reference: cpuMicroseconds(theirs) };
  return {
    title: words.title,
    unit: 'µs CPU',
    ours: cpu.ours,
    reference: cpu.reference,
    referenceName: words.referenceName,
    goal: words.goal,
    cpu,
    note: `ours: ${clientShare(ours)}; reference: ${clientShare(theirs)}`,
  };
}
