import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import { createLmdbCheckpointer, type LmdbCheckpointer } from '@backside/replica-lmdb';
import type { Append, AppendOutcome, IndexDefinition, Journal, JournalSupports } from '@backside/store';
import { databaseFolders } from './data-folder.js';
import { asDataFolderError, checkpointOptionsOf, openJournal, reportTo } from './embedded-storage.js';
import type { StorageOptions } from './storage.js';

/**
 * Opens a database's journal for a primary process, which moves every durable commit into the tree on disk that the
 * workers read. Closing it closes both. Throws `DataFolderError`.
 */
export async function openCheckpointedJournal(options: StorageOptions): Promise<CheckpointedJournal> {
  const { config, database, logger } = options;
  const folders = databaseFolders(config.data, database);
  const journal = await openJournal(folders.journal, config, logger);
  try {
    let progressed = (): void => {};
    const checkpointer = createLmdbCheckpointer({
      directory: folders.replica,
      checkpoint: checkpointOptionsOf(config),
      onFailure: reportTo(options),
      onProgress: () => progressed(),
    });
    const checkpointed = new CheckpointedJournal(journal, checkpointer, logger);
    progressed = () => checkpointed.progressed();
    await checkpointed.catchUp();
    return checkpointed;
  } catch (error) {
    await journal.close();
    throw asDataFolderError(config.data, error);
  }
}

/**
 * A journal whose durable commits go to a checkpointer, and which is trimmed behind it: also where a worker that stands
 * still has not read yet, so that the disk stays bounded. Such a worker is replaced; the retention makes that rare.
 */
export class CheckpointedJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #journal: Journal;
  readonly #checkpointer: LmdbCheckpointer;
  readonly #logger: Logger;
  /** The last commit that the checkpointer was given. */
  #enqueued: number;
  #closed = false;

  constructor(journal: Journal, checkpointer: LmdbCheckpointer, logger: Logger) {
    this.supports = journal.supports;
    this.epoch = journal.epoch;
    this.#journal = journal;
    this.#checkpointer = checkpointer;
    this.#logger = logger;
    this.#enqueued = checkpointer.revision;
  }

  /** Brings the checkpointer from what is on disk to the journal's head. Throws `internal` if they do not belong together. */
  async catchUp(): Promise<void> {
    const head = await this.#journal.head();
    const first = await this.#journal.first();
    if (this.#checkpointer.epoch !== this.epoch || this.#enqueued > head) {
      if (first > 1 && head > 0) throw new BacksideError('internal', 'the tree on disk does not belong to the journal');
      await this.#checkpointer.reset(this.epoch);
      this.#enqueued = 0;
    }
    for await (const commits of this.#journal.commits(this.#enqueued)) this.#enqueue(commits);
  }

  head(): Promise<number> {
    return this.#journal.head();
  }

  first(): Promise<number> {
    return this.#journal.first();
  }

  append(base: number, commits: readonly Commit[]): Append {
    const append = this.#journal.append(base, commits);
    append.durable.then(
      (outcome) => this.#appended(outcome, commits),
      () => this.#logger.debug({}, 'an append failed; its writer is told'),
    );
    return append;
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    return this.#journal.commits(after);
  }

  /** The checkpointer decides what may go; what a worker asks for changes nothing. */
  async trim(): Promise<void> {}

  /** Replaces the secondary indexes of the tree on disk. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    return this.#checkpointer.setIndexes(definitions);
  }

  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#journal.close(); // first, since what becomes durable on the way still goes to the checkpointer
    } finally {
      await this.#checkpointer.close();
    }
  }

  /** The disk holds a newer state: the journal need no longer. */
  progressed(): void {
    if (this.#closed) return;
    this.#journal.trim(this.#checkpointer.revision).catch((error: unknown) => {
      this.#logger.warn({ err: error }, 'the journal could not be trimmed');
    });
  }

  #appended(outcome: AppendOutcome, commits: readonly Commit[]): void {
    if (outcome.status === 'appended') this.#enqueue(commits);
  }

  /** Appends become durable in their order, so this goes without gaps. */
  #enqueue(commits: readonly Commit[]): void {
    this.#checkpointer.enqueue(commits);
    this.#enqueued = commits.at(-1)?.revision ?? this.#enqueued;
  }
}
