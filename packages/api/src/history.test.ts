import { Commit } from '@backside/protocol';
import { expect, it } from 'vitest';
import { History } from './history.js';

const commit = (revision: number, value = 'x'): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'n', changes: [{ path: [`k${revision}`], value }] });
const following = (history: History, commits: readonly Commit[]): History => {
  for (const commit of commits) history.add(commit);
  return history;
};
const revisions = (history: History, since: number) => history.since(since)?.map(({ revision }) => revision) ?? null;

it('holds as many commits as it may, and knows from where on it can answer', () => {
  const history = new History(5, { capacity: 3, maxBytes: 1e6 });
  expect(revisions(history, 5)).toEqual([]);
  for (let revision = 6; revision <= 20; revision += 1) history.add(commit(revision));
  expect(history.floor).toBe(17);
  expect(revisions(history, 16)).toBeNull();
  expect(revisions(history, 17)).toEqual([18, 19, 20]);
  expect(revisions(history, 19)).toEqual([20]);
});

it('holds fewer when they are large, but always the newest', () => {
  const history = new History(0, { capacity: 100, maxBytes: 10_000 });
  for (let revision = 1; revision <= 10; revision += 1) history.add(commit(revision, 'x'.repeat(4_000)));
  expect(revisions(history, history.floor)).toEqual([9, 10]);
  history.add(commit(11, 'x'.repeat(50_000)));
  expect(revisions(history, 10)).toEqual([11]);
});

it('takes older commits in front, if they fit and end where it begins', () => {
  const history = new History(5, { capacity: 4, maxBytes: 1e6 });
  history.add(commit(6));
  history.add(commit(7));
  history.prepend(following(history.before(2), [commit(3), commit(4)]));
  expect(history.floor).toBe(5);
  history.prepend(following(history.before(2), [commit(3), commit(4), commit(5)]));
  expect(revisions(history, 3)).toEqual([4, 5, 6, 7]);
});

it('tells whether a path was touched at, above or below, or that it does not know', () => {
  const history = new History(1, { capacity: 10, maxBytes: 1e6 });
  history.add(commit(2));
  expect(history.changedSince(['k2', 'deep'], 1)).toBe(true);
  expect(history.changedSince([], 1)).toBe(true);
  expect(history.changedSince(['k3'], 1)).toBe(false);
  expect(history.changedSince(['k2'], 2)).toBe(false);
  expect(history.changedSince(['k2'], 0)).toBeNull();
});
