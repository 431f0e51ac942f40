import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { describe, expect, it } from 'vitest';
import { DeadLetters } from './dead-letters.js';
import { PLACES } from './places.js';
import { deadEntry } from './stored-event.js';

const MEGABYTE = 1024 * 1024;

/** Adds a dead letter with a value of so many characters. */
async function put(
  tree: PrivateTree,
  name: string,
  { key, time, size = 1 }: { key: string; time: number; size?: number },
): Promise<void> {
  const event = {
    id: `e/${name}/${key}`,
    time,
    path: '/a',
    params: {},
    before: null,
    after: 'x'.repeat(size),
    revision: 1,
    auth: null,
    depth: 0,
  };
  await tree.update([deadEntry(name, key, { event, head: 1, reason: 'no', attempts: 1, time })]);
}

describe('dead letters', () => {
  it('are listed with the newest first, of all functions or of one', async () => {
    const tree = createMemoryPrivateTree();
    await put(tree, 'f:a', { key: 'r1', time: 1 });
    await put(tree, 'f:a', { key: 'r3', time: 3 });
    await put(tree, 'f:b', { key: 'r2', time: 2 });
    await put(tree, 'f:b', { key: 'r4', time: 3 });
    const letters = new DeadLetters(tree);
    const listed = (limit: number, name?: string): string[] => letters.list(limit, name).map(({ key }) => key);
    expect(listed(10)).toEqual(['r3', 'r4', 'r2', 'r1']);
    expect(listed(2)).toEqual(['r3', 'r4']);
    expect(listed(1, 'f:b')).toEqual(['r4']);
    expect(listed(0)).toEqual([]);
    expect(listed(10, 'f/none')).toEqual([]);
  });

  it('are held in memory no more than are asked for, however many functions have some', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const inUse = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const tree = createMemoryPrivateTree();
    for (let n = 0; n < 24; n++) await put(tree, `f:f${n}`, { key: 'r1', time: n, size: MEGABYTE });
    const before = inUse();
    let most = 0;
    const measured: PrivateTree = {
      ...tree,
      read: (path) => {
        if (path[0] === PLACES.dead[0]) most = Math.max(most, inUse() - before);
        return tree.read(path);
      },
      keys: (path, range) => tree.keys(path, range),
    };
    expect(new DeadLetters(measured).list(1)).toMatchObject([{ function: 'f:f23' }]);
    expect(most).toBeLessThan(8 * MEGABYTE);
  });
});
