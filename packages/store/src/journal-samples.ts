import { Commit, type CommitFields } from '@backside/protocol';
import type { Journal } from './journal.js';

/** What every commit of these tests has. */
export const BASE: Omit<CommitFields, 'revision' | 'changes'> = {
  time: 1_700_000_000_000,
  author: 'alice',
  origin: 'node-1',
};

export function commitAt(revision: number, value: string | number = revision): Commit {
  return new Commit({ ...BASE, revision, changes: [{ path: ['items', `k${revision}`], value }] });
}

export function commitsAt(revision: number, count: number, value?: string): Commit[] {
  return range(revision, revision + count - 1).map((each) => commitAt(each, value));
}

export function richCommit(revision: number): Commit {
  return new Commit({
    ...BASE,
    revision,
    author: null,
    changes: [
      { path: ['a', 'ключ', '😀'], value: 'line\nbreak \u0000 and "quotes"' },
      { path: ['b', '.priority'], value: 7 },
      { path: ['gone'], value: null },
    ],
    headers: [['x-trace', 'é']],
    idempotencyKey: 'key-1',
    prior: [null, 3, true],
  });
}

/** A commit without its cached encoding. */
export function fieldsOf(commit: Commit): unknown {
  return { ...commit };
}

export async function readAll(journal: Journal, after: number): Promise<Commit[]> {
  return collect(journal.commits(after));
}

export async function revisions(journal: Journal, after: number): Promise<number[]> {
  return (await readAll(journal, after)).map(({ revision }) => revision);
}

export async function collect(groups: AsyncIterable<readonly Commit[]>): Promise<Commit[]> {
  const all: Commit[] = [];
  for await (const commits of groups) all.push(...commits);
  return all;
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
