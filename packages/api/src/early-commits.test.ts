import { Commit } from '@backside/protocol';
import { expect, it } from 'vitest';
import { EarlyCommits } from './early-commits.js';

const commit = (revision: number, value = ''): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'n', changes: [{ path: ['a'], value }] });

const revisions = (commits: readonly Commit[]): number[] => commits.map(({ revision }) => revision);

it('gives out what follows without a gap, once', () => {
  const early = new EarlyCommits();
  early.keep([commit(7), commit(5), commit(6), commit(9)]);
  expect(early.takeAfter(3)).toEqual([]);
  expect(revisions(early.takeAfter(4))).toEqual([5, 6, 7]);
  expect(early.takeAfter(4)).toEqual([]);
  expect(revisions(early.takeAfter(8))).toEqual([9]);
});

it('forgets what is known by now', () => {
  const early = new EarlyCommits();
  early.keep([commit(5), commit(8)]);
  expect(early.takeAfter(6)).toEqual([]);
  expect(early.takeAfter(4)).toEqual([]);
  expect(revisions(early.takeAfter(7))).toEqual([8]);
});

it('forgets everything when it becomes too much, by number or by size', () => {
  const many = new EarlyCommits();
  many.keep(Array.from({ length: 4_001 }, (_, index) => commit(index + 2)));
  expect(many.takeAfter(1)).toEqual([]);
  const large = new EarlyCommits();
  large.keep([commit(2, 'x'.repeat(9_000_000))]);
  expect(large.takeAfter(1)).toEqual([]);
  large.keep([commit(2)]);
  expect(revisions(large.takeAfter(1))).toEqual([2]);
});
