import { expect, it } from 'vitest';
import { Freshness } from './freshness.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';

it('shares refreshes, and never one that began before it was asked for', async () => {
  const ends: (() => void)[] = [];
  const tree = Object.assign(createMemoryPrivateTree(), {
    refresh: () => new Promise<void>((resolve) => ends.push(resolve)),
  });
  const freshness = new Freshness(tree);
  const done: string[] = [];
  const first = freshness.refresh().then(() => done.push('first'));
  const later = [freshness.refresh(), freshness.refresh()].map((each) => each.then(() => done.push('later')));
  expect(ends).toHaveLength(1);
  ends[0]!();
  await first;
  await expect.poll(() => ends.length).toBe(2);
  expect(done).toEqual(['first']);
  ends[1]!();
  await Promise.all(later);
  expect(ends).toHaveLength(2);
});

it('goes on after a refresh that failed', async () => {
  let fails = true;
  const tree = Object.assign(createMemoryPrivateTree(), {
    refresh: () => (fails ? Promise.reject(new Error('down')) : Promise.resolve()),
  });
  const freshness = new Freshness(tree);
  await expect(freshness.refresh()).rejects.toThrow('down');
  fails = false;
  await freshness.refresh();
});
