import type { Commit, Logger } from '@backside/protocol';
import type { Append, Checkpoint, Journal, JournalSupports } from '@backside/store';

/** How often the log says how far it is, in milliseconds. */
const REPORT_MS = 5_000;

/** What a node runs beside a shared journal for as long as that is open. */
interface Companion {
  close(): Promise<void>;
}

/**
 * A shared journal as one node has it open: whoever starts from its checkpoint is told of in the log, with how far that is, and
 * closing it ends the node's projector first.
 */
export class NodeJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly onHead?: NonNullable<Journal['onHead']>;
  readonly told?: NonNullable<Journal['told']>;
  readonly #journal: Journal;
  readonly #companion: Companion | null;
  readonly #logger: Logger;

  constructor(journal: Journal, companion: Companion | null, logger: Logger) {
    this.supports = journal.supports;
    this.epoch = journal.epoch;
    if (journal.onHead) this.onHead = (listener) => journal.onHead!(listener);
    if (journal.told) this.told = (commits) => journal.told!(commits);
    this.#journal = journal;
    this.#companion = companion;
    this.#logger = logger;
  }

  head(): Promise<number> {
    return this.#journal.head();
  }

  first(): Promise<number> {
    return this.#journal.first();
  }

  append(base: number, commits: readonly Commit[]): Append {
    return this.#journal.append(base, commits);
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    return this.#journal.commits(after);
  }

  async checkpoint(): Promise<Checkpoint | null> {
    const checkpoint = (await this.#journal.checkpoint?.()) ?? null;
    return checkpoint && loggedCheckpoint(checkpoint, this.#logger);
  }

  trim(revision: number): Promise<void> {
    return this.#journal.trim(revision);
  }

  async close(): Promise<void> {
    try {
      await this.#companion?.close();
    } finally {
      await this.#journal.close();
    }
  }
}

function loggedCheckpoint({ revision, entries }: Checkpoint, logger: Logger): Checkpoint {
  return { revision, entries: logged(entries, { revision, logger }) };
}

async function* logged<Entry>(
  batches: AsyncIterable<readonly Entry[]>,
  { revision, logger }: { revision: number; logger: Logger },
): AsyncGenerator<readonly Entry[]> {
  const startedAt = Date.now();
  let reportedAt = startedAt;
  let entries = 0;
  for await (const batch of batches) {
    yield batch;
    entries += batch.length;
    if (Date.now() - reportedAt < REPORT_MS) continue;
    reportedAt = Date.now();
    logger.info({ revision, entries }, 'the tree is being copied from the checkpoint');
  }
  logger.info({ revision, entries, tookMs: Date.now() - startedAt }, 'the tree was copied from the checkpoint');
}
