import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect, createConnection, type Database } from '@backside/sdk';
import type { Json } from '@backside/tree';
import { nodeSocket } from '../../../sdk/src/node/socket.js';
import { median } from '../../harness/measure.js';
import { LEAVES_PER_ITEM } from '../items.js';
import { atMost, type Line, type Row } from '../row.js';
import type { Target } from '../scenario.js';
import { startWrites } from './leaf-count.js';

const CHILDREN = 10_000;
const NODES = CHILDREN * (LEAVES_PER_ITEM + 1);

export const sdk: Row = {
  name: 'sdk',
  summary: 'the client library with a list of 10,000 children: start of a listen, events applied, memory',
  async run(workspace) {
    const server = await workspace.startFilled(CHILDREN * LEAVES_PER_ITEM);
    const rounds = workspace.quick ? 5 : 11;
    // Memory first, while there is nothing else that could be collected meanwhile.
    const memory = await memoryLine(server.websocket);
    const start = await startLine(server.websocket, rounds);
    const events = await eventsLine(server.websocket, workspace.quick ? 2 : 8);
    const lines = [start, events, memory];
    await server.stop();
    return lines;
  },
};

const urlOf = ({ port }: Target): string => `ws://127.0.0.1:${port}/stomp`;

/** From `on` to the first event with all children, against the same through the bare connection, which parses the JSON only. */
async function startLine(target: Target, rounds: number): Promise<Line> {
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await timed(() => withClient(target, async (db) => void (await db.ref('/items').get()))));
    bare.push(await timed(async () => void (await bareState(target))));
  }
  return {
    title: `listen to ${CHILDREN.toLocaleString('en')} children, from connect to the first event`,
    unit: 'ms',
    ours: median(ours),
    reference: median(bare),
    referenceName: 'JSON.parse of the same event',
    goal: atMost(3),
  };
}

/** Events of one child each, with listeners for the value and for its children; the CPU is that of this client's process alone. */
async function eventsLine(target: Target, seconds: number): Promise<Line> {
  return withClient(target, async (db) => {
    let events = 0;
    db.ref('/items').on('child_changed', () => {
      events += 1;
    });
    db.ref('/items').on('value', () => {});
    await db.ref('/items').get();
    const load = await startWrites(target, CHILDREN);
    await load.round(1);
    events = 0;
    const before = process.cpuUsage();
    const began = performance.now();
    await load.round(seconds);
    const { user, system } = process.cpuUsage(before);
    const tookSeconds = (performance.now() - began) / 1000;
    await load.stop();
    const cpuSeconds = (user + system) / 1e6;
    return {
      title: `events applied to a list of ${CHILDREN.toLocaleString('en')} children`,
      unit: 'events/CPU-s',
      ours: events / cpuSeconds,
      reference: null,
      referenceName: 'none',
      goal: null,
      note: `${Math.round(events / tookSeconds)} events/s came, client ${Math.round((cpuSeconds / tookSeconds) * 100)} % busy`,
    };
  });
}

async function memoryLine(target: Target): Promise<Line> {
  const per = 10_000 / NODES / 1024;
  await bareState(target);
  const before = heapBytes();
  const ours = await withClient(target, async (db) => {
    db.ref('/items').on('value', () => {});
    await db.ref('/items').get();
    return (heapBytes() - before) * per;
  });
  const start = heapBytes();
  const held = await bareState(target);
  const reference = (heapBytes() - start) * per;
  return {
    title: 'memory per 10,000 nodes listened to',
    unit: 'KB',
    ours,
    reference,
    referenceName: `the same as objects of JSON.parse (${Object.keys(held as object).length} children)`,
    goal: null,
  };
}

async function withClient<Result>(target: Target, use: (db: Database) => Promise<Result>): Promise<Result> {
  const db = connect(urlOf(target), { socket: nodeSocket });
  try {
    return await use(db);
  } finally {
    await db.close();
  }
}

function bareState(target: Target): Promise<Json> {
  const connection = createConnection(urlOf(target), { socket: nodeSocket });
  return new Promise<Json>((resolve, reject) => {
    const handler = { event: ({ body }: { body: Json }) => resolve(body), refused: reject, resumePoint: () => null };
    connection.listen({ path: ['items'], query: null }, handler);
  }).finally(() => connection.close());
}

async function timed(run: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
