import type { Commit } from '@backside/protocol';
import { type Change, makeMap } from '@backside/tree';
import { commitOf } from './scratch.js';

/** For tests: what commit number `revision` of a fixed history changes; some rows, some wide maps that come and go. */
export function scriptedChanges(revision: number): Change[] {
  const row = (revision * 7919) % 997;
  const changes: Change[] = [
    {
      path: ['rows', `r${row}`],
      value: makeMap([
        ['n', (revision * 31) % 1009],
        ['text', 'x'.repeat(revision % 60)],
      ]),
    },
    { path: ['counter'], value: revision },
  ];
  if (revision % 5 === 0) changes.push({ path: ['rows', `r${(row + 1) % 997}`], value: null });
  if (revision % 7 === 0)
    changes.push({ path: ['wide', `w${revision % 3}`, `k${revision}`, 'deep'], value: 'y'.repeat(100) });
  if (revision % 211 === 0) changes.push({ path: ['wide', `w${(revision + 1) % 3}`], value: null });
  return changes;
}

export function scriptedCommit(revision: number): Commit {
  return commitOf(revision, scriptedChanges(revision));
}

/** For tests: the commits of that history from one revision up to another. */
export function scriptedCommits(from: number, to: number): Commit[] {
  return Array.from({ length: to - from + 1 }, (_, index) => scriptedCommit(from + index));
}
