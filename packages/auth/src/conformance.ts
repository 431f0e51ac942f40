import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PrivateTree } from './private-tree.js';

/** Private trees of several nodes over the same data. */
export interface PrivateTreeFixture {
  /** The tree of one more node. A store that has but one node gives the same tree again. */
  readonly connect: () => Promise<PrivateTree>;
  readonly dispose: () => Promise<void>;
}

/** What every `PrivateTree` does. `create` is called once per test. */
export function privateTreeConformance(name: string, create: () => Promise<PrivateTreeFixture>): void {
  describe(`${name} as a private tree`, () => {
    let fixture: PrivateTreeFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(() => fixture.dispose());
    const connect: Connect = () => fixture.connect();
    reading(connect);
    updating(connect);
    watching(connect);
    sharing(connect);
  });
}

type Connect = () => Promise<PrivateTree>;

function reading(connect: Connect): void {
  it('reads what was written, and null where nothing is', async () => {
    const tree = await connect();
    await tree.update([{ path: ['a', 'b'], value: { s: 'text', n: 1.5, t: true, 'key with space': 'ü\n😀' } }]);
    expect(tree.read(['a', 'b'])).toEqual({ s: 'text', n: 1.5, t: true, 'key with space': 'ü\n😀' });
    expect(tree.read(['a', 'b', 's'])).toBe('text');
    expect(tree.read(['a', 'c'])).toBeNull();
    expect(tree.read(['a', 'b', 's', 'below a leaf'])).toBeNull();
  });

  it('takes keys that objects inherit for ordinary ones', async () => {
    const tree = await connect();
    expect(tree.read(['constructor'])).toBeNull();
    expect(tree.read(['__proto__', 'toString'])).toBeNull();
    await tree.update([{ path: ['x', '__proto__'], value: 'data' }]);
    expect(tree.keys(['x'])).toEqual(['__proto__']);
    expect(tree.read(['x', '__proto__'])).toBe('data');
  });

  it('lists keys in order, by page', async () => {
    const tree = await connect();
    await tree.update(['delta', 'alpha', 'charlie', 'bravo'].map((key) => ({ path: ['k', key], value: true })));
    expect(tree.keys(['k'])).toEqual(['alpha', 'bravo', 'charlie', 'delta']);
    expect(tree.keys(['k'], { limit: 2 })).toEqual(['alpha', 'bravo']);
    expect(tree.keys(['k'], { after: 'bravo', limit: 1 })).toEqual(['charlie']);
    expect(tree.keys(['k'], { after: 'bzzz' })).toEqual(['charlie', 'delta']);
    expect(tree.keys(['k', 'alpha'])).toEqual([]);
    expect(tree.keys(['nothing'])).toEqual([]);
  });
}

function updating(connect: Connect): void {
  it('makes all changes of an update at once; null removes', async () => {
    const tree = await connect();
    await tree.update([{ path: ['a'], value: { x: 1, y: 2 } }]);
    await tree.update([
      { path: ['a', 'x'], value: null },
      { path: ['a', 'z'], value: 3 },
      { path: ['b'], value: 'new' },
    ]);
    expect(tree.read([])).toEqual({ a: { y: 2, z: 3 }, b: 'new' });
  });

  it('takes an update without changes', async () => {
    const tree = await connect();
    await tree.update([]);
    expect(tree.read([])).toBeNull();
  });

  it('updates if everything expected stands there', async () => {
    const tree = await connect();
    await tree.update([{ path: ['a'], value: { x: 1, y: { z: 'deep' } } }]);
    await tree.update(
      [{ path: ['b'], value: true }],
      [
        { path: ['a', 'x'], value: 1 },
        { path: ['a', 'y'], value: { z: 'deep' } },
        { path: ['b'], value: null },
        { path: ['c', 'd'], value: null },
      ],
    );
    expect(tree.read(['b'])).toBe(true);
  });

  it.each([
    [['a', 'x'], 2],
    [['a', 'x'], '1'],
    [['a', 'x'], null],
    [['a'], { x: 1 }],
    [['c'], 'something'],
  ] as const)('changes nothing if %j is expected to be %j and is not', async (path, value) => {
    const tree = await connect();
    await tree.update([{ path: ['a'], value: { x: 1, y: 2 } }]);
    const update = tree.update(
      [
        { path: ['b'], value: true },
        { path: ['a', 'x'], value: 9 },
      ],
      [{ path, value }],
    );
    await expect(update).rejects.toMatchObject({ code: 'precondition-failed' });
    expect(tree.read([])).toEqual({ a: { x: 1, y: 2 } });
  });

  it('lets one of many win that expect the same at once', async () => {
    const trees = await Promise.all([connect(), connect(), connect()]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        trees[i % 3]!.update([{ path: ['winner'], value: i }], [{ path: ['winner'], value: null }]),
      ),
    );
    const won = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    expect(won).toHaveLength(1);
    for (const tree of trees) {
      await tree.refresh();
      expect(tree.read(['winner'])).toBe(won[0]);
    }
  });
}

function watching(connect: Connect): void {
  it('tells of changes at, above and below a watched path, once they are readable', async () => {
    const tree = await connect();
    const seen: unknown[] = [];
    tree.watch(['a', 'b'], () => seen.push(tree.read(['a', 'b'])));
    await tree.update([{ path: ['a', 'b'], value: { c: 1 } }]);
    await until(() => seen.length === 1);
    await tree.update([{ path: ['a', 'b', 'c'], value: 2 }]);
    await until(() => seen.length === 2);
    await tree.update([{ path: ['a'], value: null }]);
    await until(() => seen.length === 3);
    expect(seen).toEqual([{ c: 1 }, { c: 2 }, null]);
  });

  it('does not tell of changes elsewhere, nor after the end', async () => {
    const tree = await connect();
    let elsewhere = 0;
    let ended = 0;
    let here = 0;
    tree.watch(['a', 'b'], () => elsewhere++);
    tree.watch(['x'], () => ended++)();
    tree.watch(['x'], () => here++);
    await tree.update([{ path: ['a', 'bb'], value: 1 }]);
    await tree.update([{ path: ['x'], value: 1 }]);
    await until(() => here > 0);
    expect({ elsewhere, ended }).toEqual({ elsewhere: 0, ended: 0 });
  });

  it('is not called while it is being made', async () => {
    const tree = await connect();
    await tree.update([{ path: ['a'], value: 1 }]);
    let calls = 0;
    const end = tree.watch(['a'], () => calls++);
    expect(calls).toBe(0);
    end();
  });
}

function sharing(connect: Connect): void {
  it('after a refresh reads what another node was told is done', async () => {
    const [one, other] = [await connect(), await connect()];
    for (let i = 0; i < 20; i++) {
      await one.update([{ path: ['n'], value: i }]);
      await other.refresh();
      expect(other.read(['n'])).toBe(i);
    }
  });

  it('misses nothing between a watch and a refresh behind it: what is not told is readable then', async () => {
    const [one, other] = [await connect(), await connect()];
    for (let i = 1; i <= 3; i++) {
      let told = 0;
      const end = other.watch(['n'], () => told++);
      const looking = other.refresh().then(() => other.read(['n']));
      await one.update([{ path: ['n'], value: i }]);
      if ((await looking) !== i) await until(() => told > 0);
      await other.refresh();
      expect(other.read(['n'])).toBe(i);
      end();
    }
  });

  it('tells watchers of what another node changed', async () => {
    const [one, other] = [await connect(), await connect()];
    const seen: unknown[] = [];
    other.watch(['n'], () => seen.push(other.read(['n'])));
    await one.update([{ path: ['n'], value: 'news' }]);
    await until(() => seen.includes('news'));
  });
}

/** Waits for what will come true by itself; fails after ten seconds. */
async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 10_000, interval: 5 }).toBe(true);
}
