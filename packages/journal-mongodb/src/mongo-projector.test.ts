import type { Journal } from '@backside/store';
import { applyChanges, type Change, encodeNode, isPriorityPath, type Node, nodeFromJson } from '@backside/tree';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { contentOf, contentsOf } from './node-documents.js';
import type { NodeDocument } from './projection-place.js';
import { commitOf, readAll } from './test-commits.js';
import { projected, TestPlace, until } from './test-place.js';

vi.setConfig({ testTimeout: 120_000 });
const server = await sharedService('mongodb');
afterAll(() => server?.stop());

/** So that the whole history can be read again at the end. */
const KEEP_ALL = { retention: { ageMs: 1e9 } };

describe.skipIf(server === null)('a projector of a journal in MongoDB', () => {
  let place: TestPlace;
  let journal: Journal;
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    journal = await place.open();
  });
  afterEach(() => place.remove());

  it('keeps one document per leaf, as other services like to find it', async () => {
    await write(journal, [
      { path: ['users', 'bob'], value: nodeFromJson({ age: 74, name: { '.value': 'Bob', '.priority': 2 } }) },
    ]);
    await write(journal, [{ path: ['users', 'bob', '.priority'], value: 'vip' }]);
    place.project(journal);
    await projected(place, 2);
    const nodes = place.db.collection<NodeDocument>('nodes');
    const bob = await nodes.find({ database: 'main', parent: '/users/bob' }).sort({ path: 1 }).toArray();
    const common = { database: 'main', parent: '/users/bob', revision: 2 };
    expect(bob).toEqual([
      { _id: 'main:/users/bob/age', path: '/users/bob/age', key: 'age', value: 74, priority: null, ...common },
      { _id: 'main:/users/bob/name', path: '/users/bob/name', key: 'name', value: 'Bob', priority: 2, ...common },
    ]);
    const map = { _id: 'main:/users/bob', path: '/users/bob', parent: '/users', key: 'bob', priority: 'vip' };
    expect(await nodes.findOne({ database: 'main', path: '/users/bob' })).toEqual({ ...common, ...map });
    const indexes = (await nodes.listIndexes().toArray()).map(({ name }) => name);
    expect(indexes).toEqual(expect.arrayContaining(['database_1_path_1', 'database_1_parent_1']));
  });

  it('says how far it is, whether it works, and how late it is', async () => {
    await write(journal, [{ path: ['a'], value: 1 }]);
    const projector = place.project(journal, { now: () => 61_000 });
    expect(projector.state).toEqual({ revision: 0, holder: false, lagMs: 0 });
    await until(() => projector.state.revision === 1);
    expect(projector.state).toEqual({ revision: 1, holder: true, lagMs: 60_000 });
    await until(() => projector.state.lagMs === 0);
    await projector.close();
    expect(projector.state.holder).toBe(false);
  });

  it('works in one place at a time, and elsewhere once that has ended', async () => {
    const first = place.project(journal, { leaseMs: 60_000 });
    await until(() => first.state.holder);
    const second = place.project(await place.open(), { leaseMs: 60_000 });
    await write(journal, [{ path: ['a'], value: 1 }]);
    await until(() => second.state.revision === 1);
    expect(second.state.holder).toBe(false);
    await first.close();
    await until(() => second.state.holder);
    await write(journal, [{ path: ['a'], value: 2 }]);
    await until(() => second.state.revision === 2);
  });

  it('leaves no wrong document when a holder that was frozen in the midst of a step goes on', async () => {
    for (let round = 0; round < 30; round++) await write(journal, randomStep(round));
    const frozen = freezable(await place.open(KEEP_ALL));
    place.project(frozen.journal, { leaseMs: 300 });
    await frozen.reached;
    place.project(await place.open(KEEP_ALL), { leaseMs: 300 });
    await projected(place, 30);
    for (let round = 30; round < 60; round++) await write(journal, randomStep(round));
    frozen.thaw();
    await projected(place, 60);
    expect(await stored()).toEqual(contentsOf(await treeOf(journal)));
    await write(journal, [{ path: ['end'], value: 1 }]);
    await projected(place, 61);
    expect(await stored()).toEqual(contentsOf(await treeOf(journal)));
  });

  it('withdraws a step that it begins so late that the traces of what others did may be gone', async () => {
    await write(journal, [{ path: ['a'], value: 1 }]);
    const frozen = freezable(await place.open());
    let elapsed = 0;
    const late = place.project(frozen.journal, {
      leaseMs: 300,
      traceMs: 60_000,
      elapsed: () => elapsed + performance.now(),
    });
    await frozen.reached;
    place.project(await place.open(), { leaseMs: 300 });
    await projected(place, 1);
    await write(journal, [{ path: ['a'], value: null }]);
    await projected(place, 2);
    await place.db.collection('batches').deleteMany({});
    await place.db.collection('nodes').deleteMany({ gone: { $gt: 0 } });
    elapsed = 60_000;
    frozen.thaw();
    await until(() => late.state.revision === 2);
    expect(await stored()).toEqual(new Map());
    expect(await place.db.collection('batches').countDocuments()).toBe(0);
  });

  it('forgets the traces of what it removed and did, in time', async () => {
    let now = 1_000_000;
    const options = { now: () => now, traceMs: 1_000 };
    await write(journal, [{ path: ['a'], value: 1 }]);
    await write(journal, [{ path: ['b'], value: 1 }]);
    const projector = place.project(journal, options);
    await projected(place, 2);
    await write(journal, [{ path: ['a'], value: null }]);
    await projected(place, 3);
    await projector.close();
    expect(await place.db.collection('nodes').countDocuments()).toBe(2);
    now += 2_000;
    place.project(journal, options);
    await until(async () => (await place.db.collection('batches').countDocuments()) === 0);
    await until(async () => (await place.db.collection('nodes').countDocuments()) === 1);
  });

  it('gives a checkpoint that leads to the exact tree while commits and steps go on', async () => {
    place.project(await place.open(KEEP_ALL), { idleMs: 20 });
    const reader = await place.open();
    const writer = startWriting(journal);
    await projected(place, 5);
    const seen = new Set<number>();
    for (let round = 0; round < 8; round++) {
      const checkpoint = await reader.checkpoint!();
      seen.add(checkpoint!.revision);
      const restored = await treeFrom(reader, checkpoint!);
      expect(encodeNode(restored.tree, 'export')).toBe(encodeNode(await treeOf(reader, restored.revision), 'export'));
      await projected(place, checkpoint!.revision + 1);
    }
    await writer.stop();
    expect(seen.size).toBe(8);
  });

  it('does not go on while its documents are read as a checkpoint, and does so afterwards', async () => {
    for (let round = 0; round < 4; round++) await write(journal, [{ path: [`k${round}`], value: round }]);
    place.project(journal);
    await projected(place, 4);
    const checkpoint = await journal.checkpoint!();
    const entries = checkpoint!.entries[Symbol.asyncIterator]();
    expect((await entries.next()).value).toHaveLength(4);
    await write(journal, [{ path: ['k0'], value: null }]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await place.db.collection('progress').findOne())?.revision).toBe(4);
    await journal.trim(5);
    expect((await entries.next()).done).toBe(true);
    await projected(place, 5);
    await journal.trim(5);
    expect((await readAll(journal, checkpoint!.revision)).map(({ revision }) => revision)).toEqual([5]);
  });

  it('makes the reader of a checkpoint begin again if it has gone on nevertheless', async () => {
    await write(journal, [{ path: ['a'], value: 1 }]);
    place.project(journal);
    await projected(place, 1);
    const checkpoint = await journal.checkpoint!();
    await place.db.collection('holds').deleteMany({});
    await write(journal, [{ path: ['a'], value: 2 }]);
    await projected(place, 2);
    const entries = checkpoint!.entries[Symbol.asyncIterator]();
    expect((await entries.next()).value).toEqual([{ path: ['a'], value: 1 }]);
    await expect(entries.next()).rejects.toMatchObject({ code: 'unavailable' });
  });

  async function stored(): Promise<ReturnType<typeof contentsOf>> {
    const found = await place.db
      .collection<NodeDocument>('nodes')
      .find({ path: { $exists: true } })
      .toArray();
    return new Map(found.map((document) => [document.path, contentOf(document)]));
  }
});

async function write(journal: Journal, changes: readonly Change[]): Promise<void> {
  const base = await journal.head();
  await journal.append(base, [commitOf(base + 1, changes)]).durable;
}

/** Writes one step after the other until it is stopped. */
function startWriting(journal: Journal): { stop(): Promise<void> } {
  let writing = true;
  const written = (async (): Promise<void> => {
    for (let round = 0; writing; round++) await write(journal, randomStep(round));
  })();
  const stop = async (): Promise<void> => {
    writing = false;
    await written;
  };
  return { stop };
}

/** Leaves, maps, priorities and removals at a few places, so that they meet. */
function randomStep(round: number): Change[] {
  const key = `k${(round * 7) % 3}`;
  switch (round % 5) {
    case 0:
      return [{ path: ['m', key], value: round }];
    case 1:
      return [{ path: ['m', key, `d${round % 2}`], value: round }];
    case 2:
      return [{ path: ['m', '.priority'], value: round }];
    case 3:
      return [{ path: ['m', key], value: null }];
    default:
      return [
        {
          path: round % 3 === 0 ? ['m'] : ['n', key],
          value: round % 2 === 0 ? nodeFromJson({ x: { y: round } }) : null,
        },
      ];
  }
}

/** A journal whose reader stops after its first batch until it is thawed: as if its process stood still. */
function freezable(journal: Journal): { journal: Journal; reached: Promise<void>; thaw: () => void } {
  let thaw = (): void => undefined;
  let reach = (): void => undefined;
  const thawed = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  async function* commits(
    after: number,
  ): ReturnType<Journal['commits']> extends AsyncIterable<infer T> ? AsyncGenerator<T> : never {
    for await (const batch of journal.commits(after)) {
      yield batch;
      reach();
      await thawed;
    }
  }
  const slow: Journal = {
    supports: journal.supports,
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base, each) => journal.append(base, each),
    commits,
    trim: (revision) => journal.trim(revision),
    close: () => journal.close(),
  };
  return { journal: slow, reached, thaw };
}

async function treeOf(journal: Journal, upTo: number = Number.POSITIVE_INFINITY): Promise<Node> {
  const commits = (await readAll(journal)).filter(({ revision }) => revision <= upTo);
  return commits.reduce((tree: Node, { changes }) => applyChanges(tree, changes), null);
}

/** The tree of a node that starts from a checkpoint, and its revision. */
async function treeFrom(
  journal: Journal,
  checkpoint: { revision: number; entries: AsyncIterable<readonly Change[]> },
): Promise<{ tree: Node; revision: number }> {
  const entries: Change[] = [];
  for await (const changes of checkpoint.entries) entries.push(...changes);
  const leavesFirst = entries.sort((a, b) => Number(isPriorityPath(a.path)) - Number(isPriorityPath(b.path)));
  const tail = await readAll(journal, checkpoint.revision);
  const tree = tail.reduce(
    (before: Node, { changes }) => applyChanges(before, changes),
    applyChanges(null, leavesFirst),
  );
  return { tree, revision: tail.at(-1)?.revision ?? checkpoint.revision };
}
