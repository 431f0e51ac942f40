import { slope } from '../../harness/measure.js';
import type { DialectName } from '../dialects.js';
import { LoadProcess } from '../load.js';
import { type ReferenceName, startReference } from '../reference.js';
import { atMost, type Goal, type Line, type Row } from '../row.js';
import type { Target } from '../scenario.js';
import type { Workspace } from '../workspace.js';

interface Case {
  readonly title: string;
  readonly ours: DialectName;
  readonly listen: boolean;
  readonly reference: ReferenceName;
  readonly referenceName: string;
  readonly referenceDialect: DialectName;
  readonly goal: Goal | null;
}

const WEBSOCKET = {
  ours: 'backside-ws',
  reference: 'ws-relay',
  referenceName: 'bare ws',
  referenceDialect: 'ws',
} as const;
const TCP = {
  ours: 'backside-tcp',
  reference: 'net-idle',
  referenceName: 'bare net',
  referenceDialect: 'net',
} as const;

const CASES: readonly Case[] = [
  { ...WEBSOCKET, title: 'memory per idle websocket with one listen', listen: true, goal: atMost(1.5) },
  { ...TCP, title: 'memory per idle TCP connection', listen: false, goal: atMost(2.5) },
  { ...TCP, title: 'memory per idle TCP connection with one listen', listen: true, goal: null },
];

export const idleMemory: Row = {
  name: 'idle-memory',
  summary: 'resident memory per idle connection: the slope over several counts, garbage collected before each reading',
  async run(workspace) {
    const lines: Line[] = [];
    for (const candidate of CASES) lines.push(await runCase(candidate, workspace));
    return lines;
  },
};

async function runCase(candidate: Case, workspace: Workspace): Promise<Line> {
  const server = await workspace.startOurs();
  const ours = await bytesPerConnection(
    candidate.ours === 'backside-ws' ? server.websocket : server.tcp,
    candidate.ours,
    candidate.listen,
    workspace.quick,
  );
  await server.stop();
  const other = await startReference(candidate.reference);
  const reference = await bytesPerConnection(other, candidate.referenceDialect, candidate.listen, workspace.quick);
  await other.stop();
  return {
    title: candidate.title,
    unit: 'KB',
    ours: ours / 1000,
    reference: reference / 1000,
    referenceName: candidate.referenceName,
    goal: candidate.goal,
  };
}

async function bytesPerConnection(
  target: Target,
  dialect: DialectName,
  listen: boolean,
  quick: boolean,
): Promise<number> {
  const load = await LoadProcess.start('idle', { pid: target.pid, port: target.port, dialect, listen });
  const points: [number, number][] = [];
  for (const count of quick ? [1000, 2500, 4000] : [2000, 4000, 6000, 8000]) {
    const sample = await load.round(count);
    points.push([count, sample.values![0]!]);
  }
  await load.stop();
  return slope(points);
}
