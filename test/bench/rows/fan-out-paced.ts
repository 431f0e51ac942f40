import { LoadProcess } from '../load.js';
import { startReference } from '../reference.js';
import {
  atLeast,
  clientShare,
  cpuMicroseconds,
  type Goal,
  interleave,
  type Line,
  perCpuSecond,
  type Row,
} from '../row.js';
import type { Sample } from '../scenario.js';
import { NO_DISK } from '../workspace.js';

const PACE = { path: '/fan', listeners: 1000, window: 1, burst: 1 };

export const fanOutPaced: Row = {
  name: 'fan-out-paced',
  summary: '1,000 websocket listeners of one path, the next change after all have the last',
  async run(workspace) {
    const server = await workspace.startOurs();
    const inMemory = await workspace.startOurs({ args: NO_DISK });
    const reference = await startReference('ws-each');
    const loads = [
      await LoadProcess.start('fanOut', { ...server.websocket, dialect: 'backside-ws', ...PACE }),
      await LoadProcess.start('fanOut', { ...inMemory.websocket, dialect: 'backside-ws', ...PACE }),
      await LoadProcess.start('fanOut', { pid: reference.pid, port: reference.port, dialect: 'ws', ...PACE }),
    ];
    const plan = workspace.quick ? { rounds: 3, amount: 0.7, warmUp: 0.5 } : { rounds: 5, amount: 3, warmUp: 2 };
    const [ours, undurable, theirs] = await interleave(loads, plan);
    await Promise.all([...loads, reference, server, inMemory].map((process) => process.stop()));
    return [
      lineOf('fan-out, one change at a time', ours!, theirs!, atLeast(0.85)),
      lineOf('the same with --store memory', undurable!, theirs!, null),
    ];
  },
};

function lineOf(title: string, ours: readonly Sample[], theirs: readonly Sample[], goal: Goal | null): Line {
  return {
    title,
    unit: 'deliveries/CPU-s',
    ours: perCpuSecond(ours),
    reference: perCpuSecond(theirs),
    referenceName: 'bare ws, one write each',
    goal,
    cpu: { unit: 'µs/delivery', ours: cpuMicroseconds(ours), reference: cpuMicroseconds(theirs) },
    note: `ours: ${clientShare(ours)}; reference: ${clientShare(theirs)}`,
  };
}
