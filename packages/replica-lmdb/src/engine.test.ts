import { type IndexDefinition, matchesPattern, treeEntries } from '@backside/store';
import {
  applyChanges,
  type Change,
  encodeNode,
  getAt,
  hasChildren,
  isMap,
  type KeyRange,
  leafValue,
  type Node,
  nodeReader,
  type Order,
  type Path,
  type PresentNode,
  priorityOf,
  readLeaf,
  readNode,
  readPriority,
  sortedEntries,
} from '@backside/tree';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from './engine.js';
import { type Environment, openEnvironment } from './environment.js';
import { hasGarbage } from './garbage.js';
import { commitOf, scratchFolder } from './scratch.js';
import { anyChanges, anyKey, anyPath, mapsOf } from './scratch-data.js';
import { Snapshot } from './snapshot.js';

const INDEXES: IndexDefinition[] = [
  { pattern: [], by: ['a'] },
  { pattern: ['$any'], by: 'value' },
  { pattern: ['a', '$any'], by: ['b', 'c'] },
];

/** What a run does: batches of commits, each of which is one checkpoint, and sometimes a new set of indexes, a new history or the same one restored. */
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record<Step>({
    commits: fc.array(anyChanges, { minLength: 1, maxLength: 4 }),
    indexes: fc.option(fc.subarray(INDEXES), { freq: 5 }),
    slices: fc.integer({ min: 0, max: 3 }),
    reset: fc.integer({ min: 0, max: 20 }).map((roll) => roll === 0),
    restore: fc.integer({ min: 0, max: 20 }).map((roll) => (roll === 0 ? 'whole' : roll === 1 ? 'broken off' : null)),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('the engine', () => {
  let folder: ReturnType<typeof scratchFolder>;
  let environment: Environment;
  beforeEach(() => {
    folder = scratchFolder();
    environment = openEnvironment(folder.directory, 'owner');
  });
  afterEach(async () => {
    await environment.root.close();
    folder.remove();
  });

  for (const maxPacked of [8, 60, 1536]) {
    it(`holds what setAt makes, when maps of more than ${maxPacked} characters are split`, () => {
      fc.assert(
        fc.property(steps, (run) => {
          const engine = new Engine(environment, maxPacked);
          engine.reset('start');
          let model: Node = null;
          for (const step of run) {
            model = perform(engine, model, step);
            expectTree(environment, model);
          }
          finish(engine);
          expectTree(environment, model);
          expectNoLeftovers(environment, model);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('walks ranges of children as a tree in memory does', () => {
    const engine = new Engine(environment, 8);
    const ranges = fc.record(
      {
        start: anyKey,
        startExclusive: fc.boolean(),
        end: anyKey,
        endExclusive: fc.boolean(),
        reverse: fc.boolean(),
        limit: fc.nat(4),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(anyChanges, { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(anyPath, ranges), { maxLength: 6 }),
        (commits, asked) => {
          engine.reset('next');
          const changes = commits.flat();
          engine.apply([commitOf(1, changes)]);
          const model = applyChanges(null, changes);
          withSnapshot(environment, (snapshot) => {
            for (const [path, range] of [...asked, [[], {}] as [string[], KeyRange]]) {
              const expected = [...nodeReader(model).children(path, range)].map(([key]) => key);
              expect([...snapshot.children(path, range)].map(([key]) => key)).toEqual(expected);
            }
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves everything as it was when a transaction fails', () => {
    const engine = new Engine(environment, 8);
    engine.apply([commitOf(1, [{ path: ['a'], value: 1 }])]);
    const broken = {
      path: ['b'],
      get value(): Node {
        throw new Error('unreadable');
      },
    };
    expect(() => engine.apply([commitOf(2, [{ path: ['a'], value: 2 }, broken])])).toThrow('unreadable');
    expect(engine.meta.revision).toBe(1);
    expectTree(environment, applyChanges(null, [{ path: ['a'], value: 1 }]));
    engine.apply([commitOf(2, [{ path: ['a'], value: 3 }])]);
    expectTree(environment, applyChanges(null, [{ path: ['a'], value: 3 }]));
  });
});

interface Step {
  readonly commits: Change[][];
  readonly indexes: IndexDefinition[] | null;
  readonly slices: number;
  readonly reset: boolean;
  readonly restore: 'whole' | 'broken off' | null;
}

function perform(engine: Engine, model: Node, { commits, indexes, slices, reset, restore }: Step): Node {
  if (restore === 'broken off') beginToRestore(engine, model, slices);
  if (restore !== null) restoreTo(engine, model, slices);
  if (reset) engine.reset('again');
  if (indexes) engine.setIndexes(indexes);
  const { revision } = engine.meta;
  engine.apply(commits.map((changes, index) => commitOf(revision + 1 + index, changes)));
  for (let slice = 0; slice < slices && engine.hasWork; slice++) engine.workSlice();
  return applyChanges(reset ? null : model, commits.flat());
}

/** Restores the tree that is there. */
function restoreTo(engine: Engine, model: Node, slices: number): void {
  beginToRestore(engine, model, slices);
  while (engine.restorePriorities());
  engine.finishRestore('restored', 7);
}

/** All of it but the end, with the last entries first. */
function beginToRestore(engine: Engine, model: Node, slices: number): void {
  const entries = [...treeEntries(nodeReader(model))].flat().reverse();
  engine.beginRestore();
  expect(engine.meta).toMatchObject({ epoch: null, revision: 0 });
  for (let start = 0; start < entries.length; start += 8) {
    engine.restore([commitOf(0, entries.slice(start, start + 8))]);
    for (let slice = 0; slice < slices && engine.hasWork; slice++) engine.workSlice();
  }
}

function finish(engine: Engine): void {
  while (engine.hasWork) engine.workSlice();
}

function withSnapshot(environment: Environment, look: (snapshot: Snapshot) => void): void {
  const snapshot = Snapshot.open(environment);
  try {
    look(snapshot);
  } finally {
    snapshot.release();
  }
}

function expectTree(environment: Environment, model: Node): void {
  withSnapshot(environment, (snapshot) => {
    expect(encodeNode(readNode(snapshot, []), 'export')).toBe(encodeNode(model, 'export'));
    for (const [path, map] of mapsOf(model)) {
      expectOutline(snapshot, path, map);
      for (const [key, child] of map.children) expectOutline(snapshot, [...path, key], child);
      expect(encodeNode(readNode(snapshot, path), 'export')).toBe(encodeNode(getAt(model, path), 'export'));
    }
  });
}

/** An outline tells all of a leaf, and of a map that it is one, with its priority. */
function expectOutline(snapshot: Snapshot, path: Path, node: PresentNode): void {
  expect(hasChildren(snapshot, path)).toBe(isMap(node));
  expect(readLeaf(snapshot, path)).toBe(leafValue(node));
  expect(readPriority(snapshot, path)).toBe(priorityOf(node));
}

/** Every record can be reached from the root, and the indexes hold what the split maps hold, no more and no less. */
function expectNoLeftovers(environment: Environment, model: Node): void {
  expect(hasGarbage(environment)).toBe(false);
  withSnapshot(environment, (snapshot) => {
    let records = model === null ? 0 : 1;
    let entries = 0;
    for (const [path, map] of mapsOf(model)) {
      const located = snapshot.locate(path);
      if (!('split' in located)) continue;
      records += map.children.size;
      if ([...map.children.values()].some((child) => priorityOf(child) !== null))
        expect(located.split.prioritised).toBe(true);
      for (const { id, definition } of snapshot.meta.indexes) {
        if (!matchesPattern(definition.pattern, path)) continue;
        const ours = sortedEntries(map, orderOf(definition)).map(([key]) => key);
        const range = {
          start: { index: id, map: located.split.id },
          end: { index: id, map: located.split.id, last: true },
        };
        const stored = [...environment.index.getKeys(range)];
        expect(stored.map(({ key }) => key).sort()).toEqual([...ours].sort());
        if (!stored.some(({ isCut }) => isCut)) expect(stored.map(({ key }) => key)).toEqual(ours);
        entries += stored.length;
      }
    }
    expect([...environment.nodes.getKeys({ start: { id: 0, key: '' } })].length).toBe(records);
    expect([...environment.index.getKeys({ start: { index: 0, map: 0 } })].length).toBe(entries);
    expect(snapshot.meta.indexes.every(({ complete }) => complete)).toBe(true);
  });
}

function orderOf({ by }: IndexDefinition): Order {
  return by === 'value' ? { by } : { by: 'child', path: by };
}
