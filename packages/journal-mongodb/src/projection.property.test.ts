import { applyChanges, type Change, makeMap, type Node, normalizeChanges } from '@backside/tree';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { changes } from '../../tree/src/testing/arbitraries.js';
import { computeWrites, type NodeWrite } from './affected-tree.js';
import { type Connection, openConnection } from './connection.js';
import { contentsOf, nodeDocument } from './node-documents.js';
import { Payloads } from './payloads.js';
import { type Batch, BatchLog } from './projection-batch.js';
import { type ProjectionPlace, projectionPlace } from './projection-place.js';
import { TestPlace } from './test-place.js';

vi.setConfig({ testTimeout: 120_000 });
const server = await sharedService('mongodb');
afterAll(() => server?.stop());

/** Commits, and how many of them each step of the projection takes. */
const history = fc.record({
  commits: fc.array(
    changes.map((each) => normalizeChanges(each)),
    { minLength: 1, maxLength: 10 },
  ),
  sizes: fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
});

describe.skipIf(server === null)('the projection into MongoDB', () => {
  let place: TestPlace;
  let connection: Connection;
  let stored: ProjectionPlace;
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    connection = await openConnection({ url: place.url, mongoDatabase: place.mongoDatabase });
    stored = projectionPlace(connection);
  });
  afterEach(async () => {
    await connection.close();
    await place.remove();
  });

  it('is the tree of any history after each step, also when every step is done again, late and in any order', async () => {
    let run = 0;
    const holds = fc.asyncProperty(history, fc.infiniteStream(fc.nat()), async ({ commits, sizes }, picks) => {
      const database = `run-${run++}`;
      const log = logOf(database);
      const done: Batch[] = [];
      let tree: Node = null;
      for (let from = 0; from < commits.length; ) {
        const to = Math.min(commits.length, from + (sizes.next().value ?? 1));
        const step = commits.slice(from, to).flat();
        const batch = { from, to, writes: await computeWrites({ place: stored, database }, step) };
        expect(await log.begin(batch)).toBe('begun');
        await log.complete(batch);
        tree = commits.slice(from, to).reduce((before: Node, each) => applyChanges(before, each), tree);
        expect(await contents(database)).toEqual(contentsOf(tree));
        done.push(batch);
        from = to;
        await log.complete(done[(picks.next().value ?? 0) % done.length]!);
        expect(await contents(database)).toEqual(contentsOf(tree));
      }
      await stored.nodes.deleteMany({ database });
      await stored.nodes.deleteMany({ goneFrom: database });
    });
    await fc.assert(holds, { numRuns: 25 });
  });

  it('lets only one step follow a revision, which whoever comes next completes', async () => {
    const log = logOf('main');
    const first: Batch = { from: 0, to: 3, writes: [{ path: '/a', content: { value: 1, priority: null } }] };
    expect(await log.begin(first)).toBe('begun');
    expect(await log.begin({ from: 0, to: 2, writes: [] })).toBe('taken');
    const found = await log.at(0);
    expect(found).toEqual(first);
    await Promise.all([log.complete(found!), log.complete(first), logOf('main').complete(first)]);
    expect(await contents('main')).toEqual(new Map([['/a', { value: 1, priority: null }]]));
    expect(await log.begin({ from: 0, to: 2, writes: [] })).toBe('taken');
  });

  it('is completed by all who come at the same time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const database = `round-${round}`;
      const batch: Batch = { from: 0, to: 1, writes: [] };
      expect(await logOf(database).begin(batch)).toBe('begun');
      await Promise.all(Array.from({ length: 6 }, () => logOf(database).complete(batch)));
      expect(await logOf(database).begin({ from: 0, to: 2, writes: [] })).toBe('taken');
    }
  });

  it('asks whether a map is left that keeps its priority, whatever is left of it', async () => {
    await project([{ path: ['m', 'gone'], value: 1 }]);
    await project([{ path: ['m', 'stays', 'deep'], value: 2 }]);
    await project([{ path: ['m', '.priority'], value: 7 }]);
    await project([{ path: ['m', 'gone'], value: null }]);
    expect((await contents('main')).get('/m')).toEqual({ value: null, priority: 7 });
    await project([
      { path: ['m', 'stays', 'deep', 'deeper'], value: 3 },
      { path: ['m', 'stays', 'deep', 'deeper'], value: null },
      { path: ['m', 'new'], value: 4 },
    ]);
    expect(await contents('main')).toEqual(new Map([['/m/new', { value: 4, priority: null }]]));
  });

  it('takes steps of many leaves', async () => {
    const wide = Array.from({ length: 250 }, (_, index): Change => ({ path: ['wide', `k${index}`], value: index }));
    await project(wide);
    expect((await contents('main')).size).toBe(250);
    await project(wide.slice(0, 249).map(({ path }) => ({ path, value: null })));
    expect([...(await contents('main')).keys()]).toEqual(['/wide/k249']);
  });

  it('takes a step that changes every leaf of a wide map with a priority', async () => {
    const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`);
    const at = (path: string) => ({ database: 'main', path, revision: 1 });
    await stored.nodes.insertMany([
      nodeDocument(at('/wide'), { value: null, priority: 7 }),
      ...keys.map((key) => nodeDocument(at(`/wide/${key}`), { value: 1, priority: null })),
    ]);
    const step = keys.map((key): Change => ({ path: ['wide', key], value: 2 }));
    const writes = await computeWrites({ place: stored, database: 'main' }, step);
    expect(new Set(writes.map(({ path }) => path))).toEqual(new Set(keys.map((key) => `/wide/${key}`)));
  }, 20_000);

  it.each([
    ['that are leaves', (key: string) => [key]],
    ['of leaves', (key: string) => [key, 'below']],
    ['that are not there', (key: string) => [`${key}-`]],
  ])('asks no more often for many nulls below a map with a priority than for some, %s', async (_, pathOf) => {
    const asked: number[] = [];
    for (const width of [100, 400]) {
      const database = `width-${width}`;
      await storeWide(database, width);
      const step = keysOf(width).map((key): Change => ({ path: ['wide', ...pathOf(key)], value: null }));
      const count = counted(stored);
      const writes = await computeWrites({ place: count.place, database }, step.slice(1));
      expect(sorted(writes)).toEqual(writesByModel(width, step.slice(1)));
      expect(count.read).toBeLessThan(3 * width);
      asked.push(count.asked);
    }
    expect(asked[1]).toBe(asked[0]);
  });

  it('finds whatever lies at and below many changed places, whatever their names are', async () => {
    const names = ['a', 'a-', 'a0', 'a!', 'b', '\uffee', '\u{1f600}', 'k', 'k1'];
    const key = fc.constantFrom(...names);
    const path = fc.array(key, { minLength: 2, maxLength: 4 });
    const value = fc.constantFrom<Node>(null, null, 1, makeMap([['a', 1]]));
    const many = fc.array(fc.record({ path, value }), { minLength: 100, maxLength: 200 });
    let run = 0;
    const holds = fc.asyncProperty(many, many, async (earlier, step) => {
      const database = `names-${run++}`;
      const before = applyChanges(makeMap([['a', makeMap([['a', 1]], 7)]]), earlier);
      const at = (each: string) => ({ database, path: each, revision: 1 });
      await stored.nodes.insertMany(
        Array.from(contentsOf(before), ([each, content]) => nodeDocument(at(each), content)),
      );
      const writes = await computeWrites({ place: stored, database }, step);
      const batch: Batch = { from: 1, to: 2, writes };
      expect(await logOf(database).begin(batch)).toBe('begun');
      await logOf(database).complete(batch);
      expect(await contents(database)).toEqual(contentsOf(applyChanges(before, step)));
      await stored.nodes.deleteMany({});
    });
    await fc.assert(holds, { numRuns: 15 });
  });

  it('finds what gets a priority right behind many changed places', async () => {
    const before = makeMap([
      [
        'w',
        makeMap([
          ['k10', 1],
          ['x', 1],
        ]),
      ],
    ]);
    const at = (path: string) => ({ database: 'main', path, revision: 1 });
    await stored.nodes.insertMany(Array.from(contentsOf(before), ([path, content]) => nodeDocument(at(path), content)));
    const step = Array.from({ length: 60 }, (_, index): Change => ({ path: ['w', `a${index}`], value: null }));
    step.push({ path: ['w', 'k1'], value: 2 }, { path: ['w', 'k10', '.priority'], value: 7 });
    const writes = await computeWrites({ place: stored, database: 'main' }, step);
    expect(sorted(writes)).toEqual([
      { path: '/w/k1', content: { value: 2, priority: null } },
      { path: '/w/k10', content: { value: 1, priority: 7 } },
    ]);
  });

  it('reads little of what lies between changes that are far from each other', async () => {
    const width = 4_000;
    await storeWide('main', width);
    const step = keysOf(width)
      .filter((_, index) => index % 40 === 0)
      .map((key): Change => ({ path: ['wide', key], value: null }));
    const count = counted(stored);
    const writes = await computeWrites({ place: count.place, database: 'main' }, step);
    expect(sorted(writes)).toEqual(writesByModel(width, step));
    expect(count.read).toBeLessThan(8 * step.length);
  });

  function keysOf(width: number): string[] {
    return Array.from({ length: width }, (_, index) => `k${index}`);
  }

  /** A map with a priority, of leaves only. */
  async function storeWide(database: string, width: number): Promise<void> {
    const at = (path: string) => ({ database, path, revision: 1 });
    await stored.nodes.insertMany([
      nodeDocument(at('/wide'), { value: null, priority: 7 }),
      ...keysOf(width).map((key) => nodeDocument(at(`/wide/${key}`), { value: 1, priority: null })),
    ]);
  }

  /** What removals make of that map. */
  function writesByModel(width: number, step: readonly Change[]): NodeWrite[] {
    const entries = keysOf(width).map((key): [string, Node] => [key, 1]);
    const before: Node = makeMap([['wide', makeMap(entries, 7)]]);
    const after = contentsOf(applyChanges(before, step));
    const gone = [...contentsOf(before).keys()].filter((path) => !after.has(path));
    return sorted(gone.map((path) => ({ path, content: null })));
  }

  function sorted(writes: readonly NodeWrite[]): NodeWrite[] {
    return [...writes].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  let revision = 0;
  beforeEach(() => {
    revision = 0;
  });

  async function project(step: readonly Change[]): Promise<void> {
    const from = revision++;
    const log = logOf('main');
    const batch = { from, to: revision, writes: await computeWrites({ place: stored, database: 'main' }, step) };
    expect(await log.begin(batch)).toBe('begun');
    await log.complete(batch);
  }

  function logOf(database: string): BatchLog {
    return new BatchLog({ place: stored, payloads: new Payloads(connection.db), database, now: () => 5_000 });
  }

  /** What the stored documents say; each of them as it should look. */
  async function contents(database: string): Promise<ReturnType<typeof contentsOf>> {
    const found = await stored.nodes.find({ database, path: { $exists: true } }).toArray();
    const read = new Map<string, { value: boolean | number | string | null; priority: number | string | null }>();
    for (const document of found) {
      if (!('path' in document)) throw new Error('a trace has a path');
      const { path, value = null, priority, revision: at } = document;
      expect(document).toEqual(nodeDocument({ database, path, revision: at }, { value, priority }));
      read.set(path, { value, priority });
    }
    return read;
  }
});

/** The same place, which tells how often it is asked for nodes, and how many it gives. */
function counted(place: ProjectionPlace): { readonly place: ProjectionPlace; asked: number; read: number } {
  const find = (
    ...asked: Parameters<ProjectionPlace['nodes']['find']>
  ): ReturnType<ProjectionPlace['nodes']['find']> => {
    count.asked += 1;
    return place.nodes.find(...asked).map((document) => {
      count.read += 1;
      return document;
    });
  };
  const nodes = Object.create(place.nodes, { find: { value: find } }) as ProjectionPlace['nodes'];
  const count = { place: { ...place, nodes }, asked: 0, read: 0 };
  return count;
}
