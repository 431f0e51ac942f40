import type { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';

/** How many commits idempotency keys and revision preconditions reach back beyond a start. */
const RECALLED_COMMITS = 1_000;

/** The last commits up to revision `until`, oldest first, as far as the journal still has them. */
export async function recallCommits(journal: Journal, until: number): Promise<Commit[]> {
  const after = Math.max((await journal.first()) - 1, until - RECALLED_COMMITS, 0);
  const recalled: Commit[] = [];
  if (after >= until) return recalled;
  for await (const commits of journal.commits(after)) {
    for (const commit of commits) if (commit.revision <= until) recalled.push(commit);
    if ((commits.at(-1)?.revision ?? until) >= until) break;
  }
  return recalled;
}
