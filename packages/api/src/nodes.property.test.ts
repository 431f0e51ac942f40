import { ADMIN, type BacksideError } from '@backside/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listen, set, valueAt } from './testing/database.js';
import { type TestNode, TestNodes } from './testing/nodes.js';

const WRITES = 15;
/** When all is well again every write that lost no answer is taken within so many milliseconds. */
const LONGEST_MS = 5_000;
/** After so many at most a node gives up an append whose answer was lost, while other calls are answered. */
const LOST_ANSWER_MS = 12_500;
/** A write can wait for one that it lost before, then lose one more at each of the three nodes. */
const LOST_AT_MOST = 4;

const FAULTS = [
  ...(['refused', 'frozen', 'up', 'up', 'lose-answer'] as const),
  ...(['broker-down', 'broker-up', 'broker-holds', 'broker-tells', 'far', 'near'] as const),
];
type Fault = (typeof FAULTS)[number];

/** A node whose journal stood still while no broker told it of others rested for eight times as long. */
const STOOD_STILL: Step[] = [
  { node: 0, fault: 'frozen', waitMs: 300 },
  { node: 0, fault: 'broker-holds', waitMs: 40 },
  { node: 0, fault: 'broker-down', waitMs: 1_500 },
  { node: 0, fault: 'up', waitMs: 300 },
];

/** One step of a schedule: what happens to which node, and how long until the next step. */
interface Step {
  readonly node: number;
  readonly fault: Fault;
  readonly waitMs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.nat(2),
  fault: fc.constantFrom(...FAULTS),
  waitMs: fc.constantFrom(0, 3, 40, 300, 1_500, 4_000),
});

function apply({ link, broker, links }: TestNode, fault: Fault): void {
  if (fault === 'lose-answer') link.loseAnswers = 1;
  else if (fault === 'far' || fault === 'near') link.roundTripMs = fault === 'far' ? 25 : 1;
  else if (fault === 'broker-down' || fault === 'broker-up') broker.up = fault === 'broker-up';
  else if (fault === 'broker-holds' || fault === 'broker-tells') broker.holds = fault === 'broker-holds';
  else links(fault);
}

/** Increments `/n` once, whatever it takes: who is told that it may not have been stored sends it again, to the next node. */
async function incrementOnce(nodes: TestNodes, all: readonly TestNode[], write: number): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const { database } = all[(write + attempt) % all.length]!;
    const operation = {
      principal: ADMIN,
      steps: [set('/n', { '.sv': { increment: 1 } })],
      idempotencyKey: `write-${write}`,
    };
    const code = await database.write(operation).then(
      () => null,
      (error: BacksideError) => error.code,
    );
    if (code === null) return;
    expect(code).toBe('unavailable');
    await nodes.time.sleep(200);
  }
  throw new Error('the write was never taken');
}

it('whatever fails between nodes, journal and broker: every write is there once, and every listener hears all in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (schedule) => {
      const nodes = new TestNodes();
      const all = [await nodes.node(), await nodes.node(), await nodes.node()];
      const heard = all.map(({ database }) => listen(database, '/n').heard);
      await nodes.time.pass(100);
      const writes = Array.from({ length: WRITES }, async (_, write) => {
        await nodes.time.sleep(write * 211);
        await incrementOnce(nodes, all, write);
      });
      for (const { node, fault, waitMs } of schedule) {
        apply(all[node]!, fault);
        await nodes.time.pass(waitMs);
      }
      for (const node of all)
        for (const fault of ['up', 'broker-up', 'broker-tells', 'near'] as const) apply(node, fault);
      const lost = schedule.filter(({ fault }) => fault === 'lose-answer').length;
      const longestMs = LONGEST_MS + Math.min(lost, LOST_AT_MOST) * LOST_ANSWER_MS;
      await nodes.time.result(Promise.all(writes), longestMs);
      await nodes.time.pass(12_000);
      const everyValue = ['null', ...Array.from({ length: WRITES }, (_, index) => String(index + 1))];
      for (const { lines } of heard) expect(lines).toEqual(everyValue.map((value) => `put /n ${value}`));
      for (const { database } of all) {
        expect(valueAt(database, '/n')).toBe(WRITES);
        expect(database.stats()).toMatchObject({ degraded: false, queueDepth: 0, peers: { staleMs: null, lag: 0 } });
      }
      expect(await nodes.store.journal.head()).toBe(WRITES);
      await nodes.time.result(Promise.all(all.map(({ database }) => database.close())), LONGEST_MS);
    }),
    { numRuns: 60, examples: [[STOOD_STILL]] },
  );
}, 120_000);
