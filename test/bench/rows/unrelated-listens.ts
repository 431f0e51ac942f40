import { LEAVES_PER_ITEM } from '../items.js';
import { LoadProcess } from '../load.js';
import { atMost, interleave, type Row } from '../row.js';
import { cpuLine, startWrites } from './leaf-count.js';

const LEAVES = 1000;

export const unrelatedListens: Row = {
  name: 'unrelated-listens',
  summary: 'CPU per write with 100,000 listens on other paths against none',
  async run(workspace) {
    const count = workspace.quick ? 10_000 : 100_000;
    const crowded = await workspace.startFilled(LEAVES);
    const quiet = await workspace.startFilled(LEAVES);
    const listens = await LoadProcess.start('listens', { ...crowded.tcp, prefix: '/unrelated', connections: 200 });
    await listens.round(count);
    const loads = [
      await startWrites(crowded.websocket, LEAVES / LEAVES_PER_ITEM),
      await startWrites(quiet.websocket, LEAVES / LEAVES_PER_ITEM),
    ];
    const plan = workspace.quick ? { rounds: 3, amount: 0.7, warmUp: 0.7 } : { rounds: 4, amount: 3, warmUp: 2 };
    const [ours, theirs] = await interleave(loads, plan);
    await Promise.all([...loads, listens].map((load) => load.stop()));
    await Promise.all([crowded.stop(), quiet.stop()]);
    const title = `CPU per write with ${count.toLocaleString('en')} unrelated listens`;
    return [cpuLine({ title, unit: 'write', referenceName: 'ours with none', goal: atMost(1.2) }, ours!, theirs!)];
  },
};
