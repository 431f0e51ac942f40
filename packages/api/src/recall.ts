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
 * `learn` and the history keep. Goes on where it was while the journal is out of reach, and with the first commit that is left if it is
 * trimmed meanwhile; other failures are logged.
 */
export async function recall(options: RecallOptions): Promise<void> {
  const { journal, reach, history, logger, sleep, isClosed } = options;
  const until = history.floor;
  let older = history.before(Math.max(0, until - RECALLED_COMMITS));
  while (!isClosed()) {
    try {
      const first = await reach.ask(() => journal.first());
      if (older.revision + 1 < first) older = history.before(first - 1);
      await readOn(older, until, options);
      history.prepend(older);
      return;
    } catch (error) {
      logger.warn({ err: error }, 'the commits before the start cannot be read back');
      const { code } = toBacksideError(error);
      if (code !== 'unavailable' && code !== 'not-found') return;
    }
    await sleep(RETRY_MS);
  }
}

/** Adds to `older` the commits that follow it. */
async function readOn(older: History, until: number, { journal, reach, learn }: RecallOptions): Promise<void> {
  if (older.revision >= until) return;
  for await (const commits of batchesOf(journal, { after: older.revision, reach })) {
    for (const commit of commits) {
      if (commit.revision > until) return;
      older.add(commit);
      learn(commit);
    }
    if (older.revision >= until) return;
  }
}
