import { adoptHistory } from '@backside/api';
import type { Commit, Logger } from '@backside/protocol';
import { createLmdbCheckpointer, type LmdbCheckpointer } from '@backside/replica-lmdb';
import type { Append, AppendOutcome, IndexDefinition, Journal, JournalSupports } from '@backside/store';
import { asDataFolderError, databaseFolders } from './data-folder.js';
import { checkpointOptionsOf, openJournal, reportTo } from './embedded-storage.js';
import { JournalFollower } from './journal-follower.js';
import type { NodeLink } from './node-link.js';
import { openCopy } from './shared-storage.js';
import { openSharedJournal } from './shared-stores.js';
import { sleep } from './sleep.js';
import type { StorageOptions } from './storage.js';
import { assertGoOn } from './tree-on-disk.js';

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
  const journal = await (link ? openSharedJournal(options) : openJournal(database, config, logger));
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
    if (!link) await assertGoOn({ data: config.data, database }, checkpointer, journal);
    const checkpointed = new CheckpointedJournal({ database, journal, checkpointer, logger });
    progressed = () => checkpointed.progressed();
    await checkpointed.catchUp();
    if (link) await checkpointed.follow(link, { patienceMs: config.journalPatience, onLost: options.onFatal });
    return checkpointed;
  } catch (error) {
    await journal.close();
    throw link ? error : asDataFolderError(config.data, error);
  }
}

interface CheckpointedJournalOptions {
  readonly database: string;
  readonly journal: Journal;
  readonly checkpointer: LmdbCheckpointer;
  readonly logger: Logger;
}

interface FollowOptions {
  /** How long the journal may leave this process without an answer, in milliseconds. */
  readonly patienceMs: number;
  /** Called when the journal no longer has what comes next. */
  readonly onLost?: ((error: Error) => void) | undefined;
}

/**
 * A journal whose durable commits go to a checkpointer, and which is trimmed behind it: also where a worker that stands
 * still has not read yet, so that the disk stays bounded. Such a worker is replaced; the retention makes that rare.
 */
export class CheckpointedJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #database: string;
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

  constructor({ database, journal, checkpointer, logger }: CheckpointedJournalOptions) {
    this.#database = database;
    this.supports = journal.supports;
    this.epoch = journal.epoch;
    this.#journal = journal;
    this.#checkpointer = checkpointer;
    this.#logger = logger;
    this.#enqueued = checkpointer.revision;
  }

  /** Brings the checkpointer from what is on disk to the journal's head. Throws `internal` if that cannot be done. */
  async catchUp(): Promise<void> {
    const [journal, replica] = [this.#journal, this.#checkpointer];
    await adoptHistory({ journal, replica, name: this.#database, logger: this.#logger });
    this.#enqueued = replica.revision;
    for await (const commits of journal.commits(this.#enqueued)) this.#enqueue(commits);
  }

  /** Takes what other nodes append to the journal from now on, and tells them of what is appended here. */
  async follow({ notifier, workers }: NodeLink, { patienceMs, onLost }: FollowOptions): Promise<void> {
    const database = this.#database;
    this.#publish = (commits) => notifier.publish(database, commits);
    const follower = new JournalFollower({
      journal: this.#journal,
      notifier,
      patienceMs,
      logger: this.#logger,
      now: Date.now,
      random: Math.random,
      sleep,
      revision: () => this.#enqueued,
      apply: (commits) => {
        this.#enqueue(commits);
        workers.publish(database, commits);
      },
      lost: (error) => onLost?.(error),
    });
    this.#follower = follower;
    this.#endTelling = this.#journal.onHead?.(follower.told);
    this.#unsubscribe = await notifier.subscribe(database, follower.receive);
    void follower.look(); // what was appended before that was not heard
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
      this.#follower?.close();
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
    else if (fresh.length > 0) void this.#follower?.catchUp(fresh.at(-1)!.revision);
  }

  /** Appends become durable in their order, so this goes without gaps. */
  #enqueue(commits: readonly Commit[]): void {
    this.#checkpointer.enqueue(commits);
    this.#enqueued = commits.at(-1)?.revision ?? this.#enqueued;
  }
}
