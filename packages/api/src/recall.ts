import { type Commit, type Logger, toBacksideError } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { batchesOf } from './batches-of.js';
import type { History } from './history.js';
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
  readonly isClosed: () => boolean;
  /** Is given the commits before those it holds, as far as the journal still has them and it has room. */
  readonly history: History;
  /** Is called for each of these commits, oldest first, as soon as it is read. */
  readonly learn: (commit: Commit) => void;
}

/**
 * Reads the last commits before the start back into memory. They may be far more than memory holds, so nothing is kept of them but what
 * `learn` and the history keep. Tries again while the journal is out of reach; other failures are logged.
 */
export async function recall(options: RecallOptions): Promise<void> {
  const { history, logger, sleep, isClosed } = options;
  const until = history.floor;
  while (!isClosed()) {
    try {
      history.prepend(await commitsBefore(until, options));
      return;
    } catch (error) {
      logger.warn({ err: error }, 'the commits before the start cannot be read back');
      if (toBacksideError(error).code !== 'unavailable') return;
    }
    await sleep(RETRY_MS);
  }
}

async function commitsBefore(until: number, { journal, reach, history, learn }: RecallOptions): Promise<History> {
  const after = Math.max((await reach.ask(() => journal.first())) - 1, until - RECALLED_COMMITS, 0);
  const older = history.before(after);
  if (after >= until) return older;
  for await (const commits of batchesOf(journal, { after, reach })) {
    for (const commit of commits) {
      if (commit.revision > until) return older;
      older.add(commit);
      learn(commit);
    }
    if (older.revision >= until) break;
  }
  return older;
}
