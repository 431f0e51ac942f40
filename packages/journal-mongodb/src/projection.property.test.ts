import { applyChanges, type Change, type Node, normalizeChanges } from '@backside/tree';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { changes } from '../../tree/src/testing/arbitraries.js';
import { computeWrites } from './affected-tree.js';
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
