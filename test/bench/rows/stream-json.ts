import { LEAVES_PER_ITEM } from '../items.js';
import { LoadProcess } from '../load.js';
import { atLeast, interleave, type Line, type Row, rate, valuesOf } from '../row.js';
import type { Sample } from '../scenario.js';

export const streamJson: Row = {
  name: 'stream-json',
  summary:
    'a subtree of 1,000,000 leaves as JSON bytes, in process, against a bare LMDB scan that builds the same text',
  async run(workspace) {
    const leaves = workspace.manyLeaves;
    const items = leaves / LEAVES_PER_ITEM;
    const folder = await workspace.newFolder('stream');
    await LoadProcess.once('replicaFill', { folder }, items);
    for (const layout of ['leaves', 'packed'] as const) await LoadProcess.once('lmdbFill', { folder, layout }, items);
    const loads = [
      await LoadProcess.start('replicaScan', { folder }),
      await LoadProcess.start('lmdbScan', { folder, layout: 'leaves' }),
      await LoadProcess.start('lmdbScan', { folder, layout: 'packed' }),
    ];
    const plan = workspace.quick ? { rounds: 3, amount: 1, warmUp: 1 } : { rounds: 3, amount: 1, warmUp: 1 };
    const [ours, byLeaf, packed] = await interleave(loads, plan);
    await Promise.all(loads.map((load) => load.stop()));
    const title = `stream ${leaves.toLocaleString('en')} leaves as JSON`;
    return [
      { ...speedLine(title, ours!, byLeaf!), referenceName: 'LMDB, a key per leaf', goal: atLeast(0.5) },
      { ...speedLine(title, ours!, packed!), referenceName: 'LMDB, 5 leaves packed', goal: null },
      {
        title: `${title}: resident growth, mapped file aside`,
        unit: 'MB',
        ours: Math.max(...valuesOf(ours!)) / 1e6,
        reference: Math.max(...valuesOf(byLeaf!)) / 1e6,
        referenceName: 'LMDB, a key per leaf',
        goal: { compare: '<=', limit: 64, of: 'ours' },
      },
    ];
  },
};

function speedLine(
  title: string,
  ours: readonly Sample[],
  theirs: readonly Sample[],
): Omit<Line, 'referenceName' | 'goal'> {
  const cpuPerMegabyte = (samples: readonly Sample[]): number =>
    samples.reduce((sum, { serverCpu, units }) => sum + (serverCpu * 1000) / units, 0) / samples.length;
  return {
    title,
    unit: 'MB/s',
    ours: rate(ours),
    reference: rate(theirs),
    cpu: { unit: 'ms/MB', ours: cpuPerMegabyte(ours), reference: cpuPerMegabyte(theirs) },
  };
}
