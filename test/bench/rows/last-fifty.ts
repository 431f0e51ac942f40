import { LoadProcess } from '../load.js';
import { atMost, cpuMicroseconds, interleave, type Row } from '../row.js';

export const lastFifty: Row = {
  name: 'last-fifty',
  summary: 'the last 50 of 1,000,000 children by an indexed child, in process, against bare LMDB',
  async run(workspace) {
    const items = workspace.quick ? 50_000 : 1_000_000;
    const folder = await workspace.newFolder('last-fifty');
    await LoadProcess.once('replicaFill', { folder }, items);
    await LoadProcess.once('lmdbFill', { folder, layout: 'packed' }, items);
    const loads = [
      await LoadProcess.start('replicaLast', { folder }),
      await LoadProcess.start('lmdbLast', { folder, layout: 'packed' }),
    ];
    const plan = workspace.quick ? { rounds: 3, amount: 0.5, warmUp: 0.5 } : { rounds: 5, amount: 1.5, warmUp: 1 };
    const [ours, theirs] = await interleave(loads, plan);
    await Promise.all(loads.map((load) => load.stop()));
    return [
      {
        title: `last 50 of ${items.toLocaleString('en')} children, indexed`,
        unit: 'µs',
        ours: cpuMicroseconds(ours!),
        reference: cpuMicroseconds(theirs!),
        referenceName: 'bare LMDB',
        goal: atMost(8),
        cpu: { unit: 'µs/read', ours: cpuMicroseconds(ours!), reference: cpuMicroseconds(theirs!) },
      },
    ];
  },
};
