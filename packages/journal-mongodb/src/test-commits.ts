import { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Change } from '@backside/tree';

export function commitOf(revision: number, changes: readonly Change[], origin = 'node-1', time = 1_000): Commit {
  return new Commit({ revision, time, author: null, origin, changes });
}

/** A commit that writes its own number, or the value given, to a place of its own. */
export function commitAt(revision: number, value: string | number = revision, origin = 'node-1'): Commit {
  return commitOf(revision, [{ path: ['items', `k${revision}`], value }], origin);
}

export async function readAll(journal: Journal, after = 0): Promise<Commit[]> {
  const all: Commit[] = [];
  for await (const commits of journal.commits(after)) for (const commit of commits) all.push(commit);
  return all;
}

/** Revision, origin and first value of each commit: what tells them apart in these tests. */
export async function summary(journal: Journal, after = 0): Promise<string[]> {
  return (await readAll(journal, after)).map(
    ({ revision, origin, changes }) => `${revision} ${origin} ${String(changes[0]?.value).slice(0, 20)}`,
  );
}
