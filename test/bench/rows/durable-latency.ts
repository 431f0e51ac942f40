import { median, percentile } from '../../harness/measure.js';
import { LoadProcess } from '../load.js';
import { atMost, cpuMicroseconds, interleave, type Row, valuesOf } from '../row.js';

const PAUSE_MS = 2;

export const durableLatency: Row = {
  name: 'durable-latency',
  summary: 'one durable write at a time, from SEND to RECEIPT over websocket',
  async run(workspace) {
    const server = await workspace.startOurs();
    const loads = [
      await LoadProcess.start('lightWrites', { ...server.websocket, dialect: 'backside-ws', pauseMs: PAUSE_MS }),
      await LoadProcess.start('bareAppend', { folder: await workspace.newFolder('append'), pauseMs: PAUSE_MS }),
    ];
    const plan = workspace.quick ? { rounds: 3, amount: 1, warmUp: 1 } : { rounds: 5, amount: 4, warmUp: 2 };
    const [ours, theirs] = await interleave(loads, plan);
    await Promise.all([...loads, server].map((process) => process.stop()));
    const [mine, bare] = [valuesOf(ours!), valuesOf(theirs!)];
    return [
      {
        title: 'durable write at light load, p50',
        unit: 'ms',
        ours: median(mine),
        reference: median(bare),
        referenceName: 'append + fdatasync',
        goal: atMost(3),
        cpu: { unit: 'µs/write', ours: cpuMicroseconds(ours!), reference: cpuMicroseconds(theirs!) },
        note: `p99 ours ${percentile(mine, 0.99).toFixed(2)} ms, reference ${percentile(bare, 0.99).toFixed(2)} ms`,
      },
    ];
  },
};
