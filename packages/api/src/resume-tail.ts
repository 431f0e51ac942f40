import { BacksideError, type Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Path } from '@backside/tree';
import { type History, touches } from './history.js';

export interface TailSource {
  readonly journal: Journal;
  readonly history: History;
  /** Commits that a subscriber is given one by one at most. */
  readonly maxCommits: number;
}

/**
 * The commits after `revision` that touch `path`, up to the present: from memory, and from the journal where memory does not
 * reach back. Null if they are no longer kept, or too many. When it resolves nothing is missing up to that very turn.
 */
export async function readTail(path: Path, revision: number, source: TailSource): Promise<Commit[] | null> {
  const tail: Commit[] = [];
  let read = revision;
  for (;;) {
    const rest = source.history.since(read);
    if (rest !== null) return [...tail, ...rest.filter((commit) => touches(commit, path))];
    const last = await readOnce(read, tail, { path, source });
    if (last === null || last === read) return null;
    read = last;
  }
}

/** Reads the journal up to its present head; resolves with the revision that was reached, or null as `readTail` does. */
async function readOnce(
  after: number,
  tail: Commit[],
  { path, source }: { path: Path; source: TailSource },
): Promise<number | null> {
  let last = after;
  try {
    for await (const commits of source.journal.commits(after)) {
      tail.push(...commits.filter((commit) => touches(commit, path)));
      last = commits.at(-1)?.revision ?? last;
      if (tail.length > source.maxCommits) return null;
    }
    return last;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'not-found') return null;
    throw error;
  }
}
