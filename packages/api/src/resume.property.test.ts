import fc from 'fast-check';
import { expect, it } from 'vitest';
import { listen } from './testing/database.js';
import { type TestNode, TestNodes } from './testing/nodes.js';

const WRITES_BEFORE = 6;

/** A subscriber that comes back to a node that others are ahead of, while they go on. */
interface Return {
  /** What it has. */
  readonly after: number;
  /** Of the node that it comes to. */
  readonly roundTripMs: number;
  readonly historyCommits: number;
  /** Whether the node is told of writes, or has to ask. */
  readonly told: boolean;
  /** Pauses after the writes that are made meanwhile, in milliseconds. */
  readonly pausesMs: readonly number[];
}

/** The journal is read beyond what the node has, which it hears of much later. */
const AHEAD: Return = { after: 1, roundTripMs: 20, historyCommits: 2, told: false, pausesMs: [5, 5, 5, 5, 5, 5] };

const comingBack: fc.Arbitrary<Return> = fc.record({
  after: fc.integer({ min: 1, max: WRITES_BEFORE }),
  roundTripMs: fc.constantFrom(1, 7, 20, 90),
  historyCommits: fc.constantFrom(1, 2, 4, 100),
  told: fc.boolean(),
  pausesMs: fc.array(fc.constantFrom(0, 1, 5, 30, 400), { maxLength: 12 }),
});

async function writeOn(nodes: TestNodes, writer: TestNode, pausesMs: readonly number[]): Promise<void> {
  for (const [index, ms] of pausesMs.entries()) {
    await nodes.write(writer, '/k', WRITES_BEFORE + index + 1);
    await nodes.time.pass(ms);
  }
}

it('who comes back hears every commit after the resume point once and in order, or the state and what follows it', async () => {
  await fc.assert(
    fc.asyncProperty(comingBack, async ({ after, told, pausesMs, roundTripMs, historyCommits }) => {
      const nodes = new TestNodes();
      const writer = await nodes.node();
      const reader = await nodes.node({ roundTripMs, limits: { historyCommits } });
      for (let n = 1; n <= WRITES_BEFORE; n += 1) await nodes.write(writer, '/k', n);
      await nodes.time.pass(2_000);
      reader.broker.up = told;
      const { heard } = listen(reader.database, '/k', { resume: `main:${after}` });
      await writeOn(nodes, writer, pausesMs);
      await nodes.time.pass(3_000);
      const last = WRITES_BEFORE + pausesMs.length;
      const begin = heard.events[0]?.resumed === false ? heard.events[0].revision : after + 1;
      const expected = Array.from({ length: last + 1 - begin }, (_, index) => begin + index);
      expect(heard.events.map(({ revision }) => revision)).toEqual(expected);
      expect(heard.lines).toEqual(expected.map((value) => `put /k ${value}`));
    }),
    { numRuns: 60, examples: [[AHEAD]] },
  );
}, 60_000);
