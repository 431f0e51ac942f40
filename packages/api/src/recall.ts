import { type Commit, type Logger, toBacksideError } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { batchesOf } from './batches-of.js';
import type { JournalReach } from './journal-reach.js';

/** How many commits idempotency keys and revision preconditions reach back beyond a start. */
const RECALLED_COMMITS = 10_000;
/** Between two tries to read them, in milliseconds. */
const RETRY_MS = 500;

export interface RecallOptions {
  readonly journal: Journal;
  readonly reach: JournalReach;
  readonly logger: Logger;
  readonly sleep: (ms: number) => Promise<void>;
  /** The last revision that is of interest. */
  readonly until: number;
  readonly isClosed: () => boolean;
  /** Takes the commits up to there, oldest first, as far as the journal still has them. */
  readonly take: (commits: readonly Commit[]) => void;
}

/** Reads the last commits before the start back into memory. Tries again while the journal is out of reach; other failures are logged. */
export async function recall(options: RecallOptions): Promise<void> {
  const { logger, sleep, isClosed, take } = options;
  while (!isClosed()) {
    try {
      take(await lastCommits(options));
      return;
    } catch (error) {
      logger.warn({ err: error }, 'the commits before the start cannot be read back');
      if (toBacksideError(error).code !== 'unavailable') return;
    }
    await sleep(RETRY_MS);
  }
}

async function lastCommits({ journal, reach, until }: RecallOptions): Promise<Commit[]> {
  const after = Math.max((await reach.ask(() => journal.first())) - 1, until - RECALLED_COMMITS, 0);
  const recalled: Commit[] = [];
  if (after >= until) return recalled;
  for await (const commits of batchesOf(journal, { after, reach })) {
    for (const commit of commits) if (commit.revision <= until) recalled.push(commit);
    if ((commits.at(-1)?.revision ?? until) >= until) break;
  }
  return recalled;
}
