import type { DialectName } from '../dialects.js';
import { LoadProcess } from '../load.js';
import type { ServerProcess } from '../reference.js';
import { findNatsServer, startNatsServer, startReference } from '../reference.js';
import type { Goal } from '../row.js';
import { atLeast, clientShare, cpuMicroseconds, interleave, type Line, perCpuSecond, type Row } from '../row.js';
import type { Sample } from '../scenario.js';

const TITLE = 'fan-out at saturation, 1 to 1,000';
const UNIT = 'deliveries/CPU-s';

interface Contender {
  readonly name: string;
  readonly dialect: DialectName;
  readonly path: string;
  readonly goal: Goal;
  start(): Promise<ServerProcess>;
}

function contenders(natsServer: string | null): Contender[] {
  const list: Contender[] = [
    {
      name: 'bare ws, joined',
      dialect: 'ws',
      path: '/fan',
      goal: atLeast(0.6),
      start: () => startReference('ws-joined'),
    },
    {
      name: 'socket.io',
      dialect: 'socket.io',
      path: '/fan',
      goal: atLeast(5),
      start: () => startReference('socket-io'),
    },
  ];
  if (natsServer !== null) {
    list.push({
      name: 'nats-server',
      dialect: 'nats',
      path: 'fan',
      goal: atLeast(1),
      start: () => startNatsServer(natsServer),
    });
  }
  return list;
}

/** The next change is sent as soon as one of 16 has arrived everywhere: what keeps each of these servers busy all the time. */
const PRESSURE = { listeners: 1000, window: 16, burst: 1 };

export const fanOutSaturated: Row = {
  name: 'fan-out-saturated',
  summary: '1,000 websocket listeners of one path, changes of 100 bytes without pause',
  async run(workspace) {
    const natsServer = findNatsServer();
    const references = contenders(natsServer);
    const server = await workspace.startOurs();
    const servers = await Promise.all(references.map((contender) => contender.start()));
    const loads = [
      await LoadProcess.start('fanOut', { ...server.websocket, dialect: 'backside-ws', path: '/fan', ...PRESSURE }),
    ];
    for (const [index, { dialect, path }] of references.entries()) {
      const { pid, port } = servers[index]!;
      loads.push(await LoadProcess.start('fanOut', { pid, port, dialect, path, ...PRESSURE }));
    }
    const plan = workspace.quick ? { rounds: 3, amount: 0.7, warmUp: 0.5 } : { rounds: 3, amount: 3, warmUp: 2 };
    const [ours, ...theirs] = await interleave(loads, plan);
    await Promise.all([...loads, ...servers, server].map((process) => process.stop()));
    const lines = references.map((contender, index) => lineOf(contender, ours!, theirs[index]!));
    return natsServer === null ? [...lines, notInstalled(ours!)] : lines;
  },
};

function lineOf(contender: Contender, ours: readonly Sample[], theirs: readonly Sample[]): Line {
  return {
    title: TITLE,
    unit: UNIT,
    ours: perCpuSecond(ours),
    reference: perCpuSecond(theirs),
    referenceName: contender.name,
    goal: contender.goal,
    cpu: { unit: 'µs/delivery', ours: cpuMicroseconds(ours), reference: cpuMicroseconds(theirs) },
    note: `ours: ${clientShare(ours)}; ${contender.name}: ${clientShare(theirs)}`,
  };
}

function notInstalled(ours: readonly Sample[]): Line {
  return {
    title: TITLE,
    unit: UNIT,
    ours: perCpuSecond(ours),
    reference: null,
    referenceName: 'nats-server',
    goal: atLeast(1),
    note: 'nats-server is not installed (not on the PATH)',
  };
}
