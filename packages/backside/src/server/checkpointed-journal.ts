import type { Commit, Logger } from '@backside/protocol';
import { createLmdbCheckpointer, type LmdbCheckpointer } from '@backside/replica-lmdb';
import type { Append, AppendOutcome, IndexDefinition, Journal, JournalSupports } from '@backside/store';
import { databaseFolders } from './data-folder.js';
import { asDataFolderError, checkpointOptionsOf, openJournal, reportTo } from './embedded-storage.js';
import { JournalFollower } from './journal-follower.js';
import type { NodeLink } from './node-link.js';
import { openCopy } from './shared-storage.js';
import { openSharedJournal } from './shared-stores.js';
import { startCopy } from './start-copy.js';
import type { StorageOptions } from './storage.js';

/** How often a shared journal is looked at while the notifier tells of new commits, and while it does not, in milliseconds. */
const CALM_MS = 1_000;
const ALERT_MS = 250;

/**
 * Opens a database's journal for a primary process, which moves every durable commit into the tree on disk that the
 * workers read. A journal that nodes share is followed: what others append goes to the disk and to the workers. Closing it closes all
 * of it. Throws `DataFolderError`, and an error that says which server cannot be reached.
 */
export async function openCheckpointedJournal(
  options: StorageOptions,
  link: NodeLink | null,
): Promise<CheckpointedJournal> {
  const { config, database, logger } = options;
  const folders = databaseFolders(config.data, database);
  const journal = await (link ? openSharedJournal(options) : openJournal(folders.journal, config, logger));
  try {
    let progressed = (): void => {};
    const open = (): LmdbCheckpointer =>
      createLmdbCheckpointer({
        directory: folders.replica,
        checkpoint: checkpointOptionsOf(config),
        onFailure: reportTo(options),
        onProgress: () => progressed(),
      });
    const checkpointer = link ? openCopy(folders.replica, open) : open();
    const checkpointed = new CheckpointedJournal(journal, checkpointer, logger);
    progressed = () => checkpointed.progressed();
    await checkpointed.catchUp();
    if (link) await checkpointed.follow(database, link, options.onFatal);
    return checkpointed;
  } catch (error) {
    await journal.close();
    throw link ? error : asDataFolderError(config.data, error);
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
  #publish: (commits: readonly Commit[]) => void = () => {};
  #follower: JournalFollower | null = null;
  #endTelling: (() => void) | undefined;
  #unsubscribe: () => Promise<void> = async () => {};
  #closed = false;

  constructor(journal: Journal, checkpointer: LmdbCheckpointer, logger: Logger) {
    this.supports = journal.supports;
    this.epoch = journal.epoch;
    this.#journal = journal;
    this.#checkpointer = checkpointer;
    this.#logger = logger;
    this.#enqueued = checkpointer.revision;
  }

  /** Brings the checkpointer from what is on disk to the journal's head. Throws `internal` if that cannot be done. */
  async catchUp(): Promise<void> {
    await startCopy(this.#journal, this.#checkpointer);
    this.#enqueued = this.#checkpointer.revision;
    for await (const commits of this.#journal.commits(this.#enqueued)) this.#enqueue(commits);
  }

  /** Takes what other nodes append to the journal from now on, and tells them of what is appended here. */
  async follow(database: string, { notifier, workers }: NodeLink, onFatal?: (error: Error) => void): Promise<void> {
    this.#publish = (commits) => notifier.publish(database, commits);
    this.#follower = new JournalFollower({
      journal: this.#journal,
      logger: this.#logger,
      revision: () => this.#enqueued,
      lookMs: () => (notifier.state.up ? CALM_MS : ALERT_MS),
      take: (commits) => {
        this.#enqueue(commits);
        workers.publish(database, commits);
      },
      lost: (error) => onFatal?.(error),
    });
    this.#endTelling = this.#journal.onHead?.((head) => this.#follower?.receive({ commits: [], head }));
    this.#unsubscribe = await notifier.subscribe(database, this.#follower.receive);
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
      this.#endTelling?.();
      await this.#unsubscribe();
      await this.#follower?.close();
      await this.#journal.close(); // before the checkpointer, which still gets what becomes durable on the way
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
    if (outcome.status !== 'appended' || commits.length === 0) return;
    this.#publish(commits);
    const fresh = commits.filter(({ revision }) => revision > this.#enqueued);
    // On a gap, which only other nodes can make, all of it is read from the journal.
    if (fresh[0]?.revision === this.#enqueued + 1) this.#enqueue(fresh);
    else if (fresh.length > 0) this.#follower?.look();
  }

  /** Appends become durable in their order, so this goes without gaps. */
  #enqueue(commits: readonly Commit[]): void {
    this.#checkpointer.enqueue(commits);
    this.#enqueued = commits.at(-1)?.revision ?? this.#enqueued;
  }
}
