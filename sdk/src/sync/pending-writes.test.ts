import { nodeToJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { LocalWrite } from './local-write.js';
import { PendingWrites } from './pending-writes.js';

function write(path: string, value: number | { '.sv': 'timestamp' } = 1): LocalWrite {
  return new LocalWrite(
    { key: path, ackLevel: 'applied', steps: [{ method: 'set', path: parsePath(path), value }] },
    0,
  );
}

/** Remembers so many writes, of which listens still wait for those with a revision above `told`. */
function settled(count: number, told: number, pathOf: (n: number) => string): PendingWrites {
  const pending = new PendingWrites((_write, revision) => revision > told);
  for (let n = 1; n <= count; n++) pending.settle(write(pathOf(n)), n);
  return pending;
}

describe('acknowledged writes', () => {
  it('are all remembered while a listen waits for them', () => {
    expect(settled(5_000, 0, (n) => `/l/k${n}`).remembered).toBe(5_000);
  });

  it('are bounded where none does', () => {
    expect(settled(5_000, Number.POSITIVE_INFINITY, (n) => `/l/k${n}`).remembered).toBeLessThanOrEqual(512);
  });

  it('are bounded where later ones write over them', () => {
    expect(settled(5_000, 0, (n) => (n % 2 === 0 ? '/l/a' : '/l/a/b')).remembered).toBeLessThanOrEqual(512);
  });

  it('that later ones do not write over stay in their order', () => {
    const pending = settled(600, 0, () => '/l/a/b');
    pending.settle(write('/l/c', 2), 601);
    const { node } = pending.reapplySettled(null, { path: ['l'], partial: false, revision: 599 });
    expect(pending.remembered).toBeLessThan(300);
    expect(nodeToJson(node, 'val')).toEqual({ a: { b: 1 }, c: 2 });
  });
});
