import { ADMIN } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { set } from './testing/database.js';
import { type TestNode, TestNodes } from './testing/nodes.js';

/** Writers of one node that each write again as soon as they are answered, and how they fared. */
interface Load {
  readonly node: TestNode;
  writes: number;
  /** The longest that a write waited for its answer, in milliseconds; also one that waits still. */
  longestMs: number;
}

interface Contention {
  readonly ms: number;
  readonly writers: number;
  readonly broker?: boolean;
  readonly headsOnly?: boolean;
  /** What an append takes in a store that takes one at a time, in milliseconds. */
  readonly appendMs?: number;
}

/** Runs nodes with these round trips to the store under full load for a while. */
async function contend(
  roundTrips: readonly number[],
  { ms, writers, broker = true, headsOnly = false, appendMs = 0 }: Contention,
): Promise<Load[]> {
  const nodes = new TestNodes();
  nodes.store.appendMs = appendMs;
  const loads: Load[] = [];
  for (const roundTripMs of roundTrips) {
    loads.push({ node: await nodes.node({ roundTripMs }), writes: 0, longestMs: 0 });
  }
  const under: (() => void)[] = [];
  for (const load of loads) {
    Object.assign(load.node.broker, { up: broker, headsOnly });
    for (let writer = 0; writer < writers; writer += 1)
      under.push(keepWriting(nodes, load, `/${load.node.id}/${writer}`));
  }
  await nodes.time.pass(ms);
  for (const look of under) look();
  return loads;
}

/** Writes again and again; the returned function takes the write under way into account. */
function keepWriting({ time }: TestNodes, load: Load, path: string): () => void {
  let start = time.now();
  const look = (): void => {
    load.longestMs = Math.max(load.longestMs, time.now() - start);
  };
  const run = async (): Promise<never> => {
    for (;;) {
      start = time.now();
      await load.node.database.write({ principal: ADMIN, steps: [set(path, start)] });
      load.writes += 1;
      look();
    }
  };
  void run();
  return look;
}

const writesOf = (loads: readonly Load[]): number[] => loads.map(({ writes }) => writes);
const longestOf = (loads: readonly Load[]): number => Math.max(...loads.map(({ longestMs }) => longestMs));

describe('several nodes that write one database without rest', () => {
  it('come to about the same if their ways to the store are alike, and hardly ever meet', async () => {
    const loads = await contend([1, 1, 1], { ms: 1_000, writers: 8 });
    const writes = writesOf(loads);
    const all = writes.reduce((sum, count) => sum + count);
    for (const count of writes) expect(count / all).toBeGreaterThan(0.3);
    expect(all).toBeGreaterThan(0.85 * 8 * 1_000); // of what one of them could do alone
    expect(longestOf(loads)).toBeLessThan(30);
    for (const { node } of loads) {
      const { batches, conflicts } = node.database.stats();
      expect(conflicts / batches).toBeLessThan(0.05);
    }
  });

  it('hardly ever meet either where a broker tells them only how far the others are', async () => {
    const loads = await contend([1, 1, 1], { ms: 1_000, writers: 8, headsOnly: true });
    for (const { node } of loads) {
      const { batches, conflicts } = node.database.stats();
      expect(conflicts / batches).toBeLessThan(0.1);
    }
    expect(writesOf(loads).reduce((sum, count) => sum + count)).toBeGreaterThan(0.6 * 8 * 1_000);
  });

  it.each([2, 3])(
    'are hardly slower than one, %d of them, over a store in which who is refused has waited for that',
    async (count) => {
      const contention = { ms: 3_000, writers: 16, appendMs: 4 };
      const [alone] = writesOf(await contend([1], contention));
      const loads = await contend(Array<number>(count).fill(1), contention);
      const writes = writesOf(loads);
      expect(writes.reduce((sum, each) => sum + each)).toBeGreaterThan(0.85 * alone!);
      expect(Math.min(...writes)).toBeGreaterThan((0.75 * alone!) / count);
      expect(longestOf(loads)).toBeLessThan(250);
    },
  );

  it('let one in that is twenty times as far away, and keep three fifths of their speed or more', async () => {
    const alone = await contend([1, 1], { ms: 2_000, writers: 8 });
    const loads = await contend([1, 1, 20], { ms: 2_000, writers: 8 });
    const [near = 0, nearToo = 0, far = 0] = writesOf(loads);
    expect(far).toBeGreaterThan(100);
    expect(longestOf(loads)).toBeLessThan(200);
    const before = writesOf(alone).reduce((sum, count) => sum + count);
    expect((near + nearToo) / before).toBeGreaterThan(0.6);
  });

  it('wait for each other in turn if there are many', async () => {
    const loads = await contend([1, 1, 1, 1, 1, 20, 20, 20], { ms: 2_000, writers: 8 });
    expect(Math.min(...writesOf(loads))).toBeGreaterThan(80);
    expect(longestOf(loads)).toBeLessThan(600);
  });

  it('make larger batches meanwhile', async () => {
    const loads = await contend([1, 5, 10], { ms: 1_000, writers: 64 });
    for (const { node } of loads) {
      const { commits, batches, conflicts } = node.database.stats();
      expect(commits / (batches - conflicts)).toBeGreaterThan(32);
    }
  });

  it('still let the one in that is far away while no broker can tell them of it', async () => {
    const loads = await contend([1, 1, 20], { ms: 5_000, writers: 8, broker: false });
    expect(Math.min(...writesOf(loads))).toBeGreaterThan(20);
    expect(longestOf(loads)).toBeLessThan(3_000);
  });
});

describe('a node that writes alone', () => {
  it('asks nobody and waits for nobody', async () => {
    const [load] = await contend([1], { ms: 1_000, writers: 8 });
    expect(load!.node.database.stats()).toMatchObject({ conflicts: 0, peers: { turnsAsked: 0, turnsGiven: 0 } });
    expect(load!.writes).toBeGreaterThan(7_500);
    expect(load!.longestMs).toBeLessThanOrEqual(2);
  });

  it('is held up no longer than a turn takes by one that asks and does not come', async () => {
    const nodes = new TestNodes();
    const [writing, asking] = [await nodes.node(), await nodes.node()];
    const load = { node: writing, writes: 0, longestMs: 0 };
    keepWriting(nodes, load, '/a');
    asking.link.roundTripMs = 30;
    void asking.database.write({ principal: ADMIN, steps: [set('/b', 1)] }).catch(() => {});
    await nodes.time.until(() => writing.database.stats().peers!.turnsGiven > 0, 1_000);
    asking.links('frozen');
    load.longestMs = 0;
    await nodes.time.pass(1_500);
    expect(load.longestMs).toBeGreaterThan(20);
    expect(load.longestMs).toBeLessThan(510);
    expect(load.writes).toBeGreaterThan(900);
  });
});
