import { median } from '../../harness/measure.js';
import { LEAVES_PER_ITEM } from '../items.js';
import { LoadProcess } from '../load.js';
import { startReference } from '../reference.js';
import { atLeast, atMost, type Goal, interleave, type Line, perCpuSecond, type Row, valuesOf } from '../row.js';
import type { Sample, Target } from '../scenario.js';
import type { ListClientOptions } from '../scenarios/list-client.js';
import type { ListClientName } from '../scenarios/list-clients.js';
import { startWrites } from './leaf-count.js';

const CHILDREN = 10_000;
const LIST = `a list of ${CHILDREN.toLocaleString('en')} children`;
const NODES = CHILDREN * (LEAVES_PER_ITEM + 1);
const FIREBASE = 'the official firebase SDK';
const BARE = 'JSON.parse of the same, no view';

/** Where each client finds the list: ours and the bare one at the server, Firebase's at the one that passes it on. */
type Servers = Readonly<Record<ListClientName, Target>>;

export const sdk: Row = {
  name: 'sdk',
  summary: 'the client library with a list of 10,000 children, beside the official firebase SDK: start, events, memory',
  async run(workspace) {
    const server = await workspace.startFilled(CHILDREN * LEAVES_PER_ITEM);
    try {
      return await measure(server.websocket, workspace.quick);
    } finally {
      await server.stop();
    }
  },
};

async function measure(server: Target, quick: boolean): Promise<Line[]> {
  const wire = await startReference('firebase-wire', [String(server.port)]);
  try {
    const servers = { backside: server, bare: server, firebase: wire };
    const starts = await startLines(servers, quick ? 5 : 15);
    const memory = await memoryLines(servers, quick ? 1 : 3);
    const events = await eventsLine(servers, { rounds: quick ? 2 : 4, amount: 2, warmUp: 3 });
    return [...starts, events, ...memory];
  } finally {
    await wire.stop();
  }
}

function startClient(servers: Servers, client: ListClientName, work: ListClientOptions['work']): Promise<LoadProcess> {
  const { pid, port } = servers[client];
  return LoadProcess.start('listClient', { client, work, pid, port });
}

/** From connecting to having read the first state: what comes is parsed, taken into the view, told, and read by `val()`. */
async function startLines(servers: Servers, rounds: number): Promise<Line[]> {
  const loads = await Promise.all(CLIENTS.map((client) => startClient(servers, client, 'start')));
  const samples = await interleave(loads, { rounds, amount: 1, warmUp: 1 });
  await Promise.all(loads.map((load) => load.stop()));
  const [ours, firebase, bare] = samples.map((each) => median(valuesOf(each)));
  const cpu = samples.map((each) => Math.round(median(each.map(({ clientCpu }) => clientCpu * 1000))));
  const note = `of it CPU of the client, ms: ours ${cpu[0]}, firebase ${cpu[1]}, parsing alone ${cpu[2]}`;
  const line = { title: `listen to ${LIST}, from connecting to having read it`, unit: 'ms', ours: ours! };
  return [
    { ...line, reference: firebase!, referenceName: FIREBASE, goal: atMost(1), note },
    { ...line, reference: bare!, referenceName: BARE, goal: atMost(3) },
  ];
}

/** What one more client in a process holds that has one already, after garbage was collected. */
async function memoryLines(servers: Servers, rounds: number): Promise<Line[]> {
  const held: number[] = [];
  for (const client of CLIENTS) {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const load = await startClient(servers, client, 'memory');
      values.push(...((await load.round(1)).values ?? []));
      await load.stop();
    }
    held.push((median(values) * 10_000) / NODES / 1024);
  }
  const line = { title: 'memory per 10,000 nodes listened to', unit: 'KB', ours: held[0]! };
  const goal: Goal = atMost(1);
  return [
    { ...line, reference: held[1]!, referenceName: FIREBASE, goal },
    { ...line, reference: held[2]!, referenceName: BARE, goal: null },
  ];
}

/**
 * Both clients at once follow the same writes, each of one leaf of one child. What comes is parsed and taken into the view; the change of the
 * child is told and the child read by `val()`, and the change of the list is told.
 */
async function eventsLine(servers: Servers, plan: { rounds: number; amount: number; warmUp: number }): Promise<Line> {
  const clients = [await startClient(servers, 'backside', 'events'), await startClient(servers, 'firebase', 'events')];
  const writes = await startWrites(servers.backside, CHILDREN);
  const round = (seconds: number): Promise<Sample[]> =>
    Promise.all([...clients, writes].map((load) => load.round(seconds)));
  await round(plan.warmUp);
  const samples: Sample[][] = [];
  for (let count = 0; count < plan.rounds; count += 1) samples.push(await round(plan.amount));
  await Promise.all([...clients, writes].map((load) => load.stop()));
  const [ours, firebase] = [samples.map(([first]) => first!), samples.map(([, second]) => second!)];
  return {
    title: `events applied to ${LIST}`,
    unit: 'events/CPU-s',
    ours: perCpuSecond(ours),
    reference: perCpuSecond(firebase),
    referenceName: FIREBASE,
    goal: atLeast(1),
    note: `both follow the same writes at once; ours: ${paceOf(ours)}; firebase: ${paceOf(firebase)}`,
  };
}

function paceOf(samples: readonly Sample[]): string {
  const perSecond = median(samples.map(({ units, seconds }) => units / seconds));
  const busy = median(samples.map(({ clientCpu, seconds }) => clientCpu / seconds));
  return `${Math.round(perSecond)} events/s, ${Math.round(busy * 100)} % busy`;
}

const CLIENTS: readonly ListClientName[] = ['backside', 'firebase', 'bare'];
