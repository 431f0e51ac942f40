import { median } from '../../harness/measure.js';
import type { DialectName, Level } from '../dialects.js';
import { LoadProcess } from '../load.js';
import { startReference } from '../reference.js';
import {
  atLeast,
  atMost,
  clientShare,
  cpuMicroseconds,
  type Goal,
  interleave,
  type Line,
  type Plan,
  type Row,
  rate,
  valuesOf,
} from '../row.js';
import type { Sample, Target } from '../scenario.js';
import { NO_DISK, type Workspace } from '../workspace.js';
import { cpuLine } from './leaf-count.js';

const CLIENTS = 500;

/** Each load has paths of its own, so that two of them on one server do not hear each other. */
function startRelay(target: Target, dialect: DialectName, level: Level): Promise<LoadProcess> {
  const paths = { prefix: `/${level}/c`, digits: 3, count: CLIENTS, suffix: '' };
  return LoadProcess.start('relay', {
    ...target,
    dialect,
    level,
    listeners: CLIENTS,
    writers: 20,
    paths,
    body: 'json',
  });
}

const planOf = ({ quick }: Workspace): Plan =>
  quick ? { rounds: 3, amount: 0.7, warmUp: 0.7 } : { rounds: 5, amount: 3, warmUp: 3 };

const describe = (samples: readonly Sample[]): string =>
  `${Math.round(rate(samples))} writes/s, p50 ${median(valuesOf(samples)).toFixed(2)} ms, ${clientShare(samples)}`;

export const writesApplied: Row = {
  name: 'writes-applied',
  summary: '500 clients on their own paths, 20 writers, acknowledged when applied',
  async run(workspace) {
    const server = await workspace.startOurs();
    const inMemory = await workspace.startOurs({ args: NO_DISK });
    const reference = await startReference('ws-relay');
    const loads = [
      await startRelay(server.websocket, 'backside-ws', 'applied'),
      await startRelay(inMemory.websocket, 'backside-ws', 'applied'),
      await startRelay(reference, 'ws', 'applied'),
    ];
    const [ours, undurable, theirs] = await interleave(loads, planOf(workspace));
    await Promise.all([...loads, reference, server, inMemory].map((process) => process.stop()));
    return [
      appliedLine('acknowledged writes, applied', ours!, theirs!, atMost(2)),
      appliedLine('the same with --store memory', undurable!, theirs!, null),
    ];
  },
};

function appliedLine(title: string, ours: readonly Sample[], theirs: readonly Sample[], goal: Goal | null): Line {
  const line = cpuLine({ title, unit: 'write', referenceName: 'bare ws relay', goal }, ours, theirs);
  return { ...line, note: `ours: ${describe(ours)}; reference: ${describe(theirs)}` };
}

export const writesDurable: Row = {
  name: 'writes-durable',
  summary: 'the same, acknowledged when durable, against ours acknowledged when applied',
  async run(workspace) {
    const server = await workspace.startOurs();
    const durable = await startRelay(server.websocket, 'backside-ws', 'durable');
    const applied = await startRelay(server.websocket, 'backside-ws', 'applied');
    const [ours, reference] = await interleave([durable, applied], planOf(workspace));
    await Promise.all([durable, applied, server].map((process) => process.stop()));
    const cpu = { unit: 'µs/write', ours: cpuMicroseconds(ours!), reference: cpuMicroseconds(reference!) };
    return [
      {
        title: 'acknowledged writes, durable: CPU',
        unit: 'µs CPU/write',
        ours: cpu.ours,
        reference: cpu.reference,
        referenceName: 'ours, applied',
        goal: atMost(1.3),
        cpu,
      },
      {
        title: 'acknowledged writes, durable: throughput',
        unit: 'writes/s',
        ours: rate(ours!),
        reference: rate(reference!),
        referenceName: 'ours, applied',
        goal: atLeast(0.8),
        cpu,
        note: `durable: ${describe(ours!)}; applied: ${describe(reference!)}`,
      },
    ];
  },
};
