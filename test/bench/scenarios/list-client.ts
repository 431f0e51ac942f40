import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Json } from '@backside/tree';
import type { Load, Scenario, Target } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';
import { LIST_CLIENTS, type ListClientName, type OpenClient, type OpenList } from './list-clients.js';

export interface ListClientOptions extends Target {
  readonly client: ListClientName;
  /**
   * `events`: a round is measured in seconds, a unit is one changed child, told. `start`: a round is one listen from connecting to the first
   * state, read; its time in ms is the value. `memory`: a round is one listen; the value is what it holds, in bytes.
   * The CPU is that of the client, which is this process.
   */
  readonly work: 'events' | 'start' | 'memory';
}

/** One client of a list, alone in its process. */
export const listClient: Scenario<ListClientOptions> = async ({ client, work, port }) => {
  const open = LIST_CLIENTS[client];
  if (work === 'events') return countEvents(open, port);
  const measure = work === 'start' ? measureStart : measureMemory;
  return { round: () => measure(open, port), close: () => {} };
};

async function countEvents(open: OpenClient, port: number): Promise<Load> {
  let events = 0;
  let lost = 0;
  const list = await open(port, (child) => {
    events += 1;
    if (child === null) lost += 1;
  });
  return {
    async round(seconds) {
      events = 0;
      const watch = new Stopwatch(process.pid);
      await sleep(seconds * 1000);
      if (events === 0 || lost > 0) throw new Error(`${events} changes were told, ${lost} of them without a child`);
      return watch.stop(events);
    },
    close: () => list.close(),
  };
}

async function measureStart(open: OpenClient, port: number): ReturnType<Load['round']> {
  const watch = new Stopwatch(process.pid);
  const list = await open(port, () => {});
  const sample = watch.stop(childrenOf(list), [watch.seconds * 1000]);
  await list.close();
  collect();
  return sample;
}

async function measureMemory(open: OpenClient, port: number): ReturnType<Load['round']> {
  // What a second client holds beside one that stays: what is loaded and compiled on first use does not count.
  const first = await openKeeping(open, port);
  const before = await heldBytes();
  const watch = new Stopwatch(process.pid);
  const second = await openKeeping(open, port);
  const held = (await heldBytes()) - before;
  for (const { close, children, kept } of [first, second]) {
    await close();
    if (kept !== null && childrenOf({ first: kept }) !== children) throw new Error('the state was not kept');
  }
  return watch.stop(second.children, [held]);
}

/** Nothing of the state but what the client itself keeps; for the bare one, which keeps nothing, the state. */
async function openKeeping(
  open: OpenClient,
  port: number,
): Promise<{ close: OpenList['close']; children: number; kept: Json }> {
  const list = await open(port, () => {});
  return {
    close: list.close,
    children: childrenOf(list),
    kept: open === LIST_CLIENTS.bare ? list.first : null,
  };
}

function childrenOf({ first }: Pick<OpenList, 'first'>): number {
  return Object.keys(first as object).length;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After collections with time between them, for what finalizers and timers let go of. */
async function heldBytes(): Promise<number> {
  for (let count = 0; count < 3; count += 1) {
    collect();
    await sleep(100);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
