import type { IndexDefinition } from '@backside/store';
import {
  applyChanges,
  type Change,
  encodeNode,
  getAt,
  makeMap,
  type Node,
  type Order,
  type Query,
  queryEntries,
  withPriority,
} from '@backside/tree';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEnvironment } from './environment.js';
import { SnapshotReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';
import { anyLeaf, anyPriority, queriesIn } from './scratch-data.js';
import { SteppedDisk } from './scratch-disk.js';

const INDEXES: IndexDefinition[] = [
  { pattern: ['$list'], by: ['a'] },
  { pattern: ['$list'], by: ['b', 'c'] },
  { pattern: ['list'], by: 'value' },
];

const ORDERS: Order[] = [
  { by: 'child', path: ['a'] },
  { by: 'child', path: ['b', 'c'] },
  { by: 'value' },
  { by: 'priority' },
];

const keys = fc.constantFrom(...'a b c d e f g h -3 1 2 10 010 é 😀 \uffee'.split(' '));

/** Children as indexes like them: leaves, maps with and without what they are ordered by, and some too large to be packed. */
const plainChild: fc.Arbitrary<Node> = fc.oneof(
  anyLeaf,
  anyLeaf.map((a) => makeMap([['a', a]])),
  fc.tuple(anyLeaf, anyLeaf).map(([a, c]) =>
    makeMap([
      ['a', a],
      ['b', makeMap([['c', c]])],
      ['text', 'x'.repeat(50)],
    ]),
  ),
  fc.constant(makeMap([['a', makeMap([['deep', 1]])]])),
);

const child = fc.tuple(plainChild, anyPriority).map(([node, priority]) => withPriority(node, priority));

function listOf(children: fc.Arbitrary<Node>): fc.Arbitrary<Node> {
  return fc.array(fc.tuple(keys, children), { minLength: 2, maxLength: 14 }).map((entries) => makeMap(entries));
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ path: keys.map((key) => ['list', key]), value: fc.oneof(plainChild, child, fc.constant(null)) }),
  fc.record({ path: keys.map((key) => ['list', key, 'a']), value: fc.option(anyLeaf) }),
  fc.record({ path: keys.map((key) => ['list', key, 'b', 'c']), value: fc.option(anyLeaf) }),
  fc.record({ path: keys.map((key) => ['list', key, '.priority']), value: anyPriority }),
);

/** A list on the disk, and rounds of: a change, of which the disk may get to know, then a question. */
const run = fc.record({
  list: fc.oneof(listOf(plainChild), listOf(child)),
  rounds: fc.array(
    fc.record({
      change: fc.option(change),
      write: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
      query: fc.constantFrom(...ORDERS).chain(queriesIn),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

describe('a query in an order that the disk has', () => {
  let folder: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    folder = scratchFolder();
  });
  afterEach(() => folder.remove());

  for (const maxPacked of [30, 90]) {
    it(`answers as the tree package does, with maps split above ${maxPacked} characters`, async () => {
      const environment = openEnvironment(folder.directory, 'owner');
      const disk = new SteppedDisk(environment, maxPacked);
      const replica = new SnapshotReplica(environment, disk);
      await replica.setIndexes(INDEXES);
      await fc.assert(
        fc.asyncProperty(run, async ({ list, rounds }) => {
          await replica.reset('next');
          let model = commit(replica, null, { path: ['list'], value: list });
          sync(replica, disk);
          for (const { change: changed, write, query } of rounds) {
            if (changed) model = commit(replica, model, changed);
            if (write) sync(replica, disk);
            expectAnswer(replica, model, query);
          }
        }),
        { numRuns: 600 },
      );
      await replica.close();
    });
  }
});

function commit(replica: SnapshotReplica, model: Node, changed: Change): Node {
  replica.apply([commitOf(replica.revision + 1, [changed])]);
  return applyChanges(model, [changed]);
}

function sync(replica: SnapshotReplica, disk: SteppedDisk): void {
  disk.write(Number.POSITIVE_INFINITY);
  disk.work(Number.POSITIVE_INFINITY);
  replica.advance();
}

function expectAnswer(replica: SnapshotReplica, model: Node, query: Query): void {
  const text = ([key, node]: [string, Node]): string => `${key}=${encodeNode(node, 'export')}`;
  const expected = queryEntries(getAt(model, ['list']), query);
  expect(replica.query(['list'], query).entries.map(text)).toEqual(expected.map(text));
}
