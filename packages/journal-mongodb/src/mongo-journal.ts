import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit } from '@backside/protocol';
import type { Append, Checkpoint, Journal, JournalSupports } from '@backside/store';
import { AppendQueue } from './append-queue.js';
import { openCheckpoint } from './checkpoint.js';
import { readCommits } from './commit-reader.js';
import { type Connection, openConnection } from './connection.js';
import { assertDatabaseName } from './documents.js';
import { HeadWatch } from './head-watch.js';
import { JournalCollection } from './journal-collection.js';
import { JournalTip } from './journal-tip.js';
import { request } from './mongo-error.js';
import type { MongoJournalOptions } from './options.js';
import { dispensableUpTo, projectionPlace } from './projection-place.js';
import { Trimming } from './trimming.js';

const DEFAULT_PATIENCE_MS = 3_000;
const DEFAULT_GRACE_MS = 60_000;
/** First and longest wait between two tries to recover, in milliseconds. */
const MIN_RECOVERY_MS = 50;
const MAX_RECOVERY_MS = 2_000;

/**
 * Opens the journal of a database, which begins if there is none. Rejects with `unavailable` if the server does not answer, with
 * `internal` if what is stored was written by a newer version.
 */
export async function createMongoJournal(options: MongoJournalOptions): Promise<Journal> {
  assertDatabaseName(options.database);
  const connection = await openConnection(options);
  try {
    const collection = new JournalCollection(options.database, connection);
    const epoch = await collection.openHistory();
    const journal = new MongoJournal(options, { connection, collection, epoch });
    await journal.head();
    return journal;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface Opened {
  readonly connection: Connection;
  readonly collection: JournalCollection;
  readonly epoch: string;
}

class MongoJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #options: MongoJournalOptions;
  readonly #connection: Connection;
  readonly #collection: JournalCollection;
  readonly #tip: JournalTip;
  readonly #queue: AppendQueue;
  readonly #trimming: Trimming;
  readonly #watch: HeadWatch;
  #recovering: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: MongoJournalOptions, { connection, collection, epoch }: Opened) {
    const { nodeId, logger, retention = {}, now = Date.now, elapsed = () => performance.now() } = options;
    const { graceMs = DEFAULT_GRACE_MS, patienceMs = DEFAULT_PATIENCE_MS } = options;
    const tip = new JournalTip({ collection, elapsed, graceMs });
    const failed = (): void => {
      this.#recovering ??= this.#recover();
    };
    this.supports = { durability: connection.replicated ? 'replicated' : 'disk', sharedBetweenNodes: true };
    this.epoch = epoch;
    this.#options = options;
    this.#connection = connection;
    this.#collection = collection;
    this.#tip = tip;
    this.#queue = new AppendQueue({ collection, tip, nodeId, now, elapsed, patienceMs, failed });
    this.#trimming = new Trimming({ collection, tip, retention, graceMs, now, elapsed });
    this.#watch = new HeadWatch({ collection, tip, logger, changeStreams: connection.replicated });
  }

  async head(): Promise<number> {
    await this.#tip.refresh();
    return this.#tip.revision;
  }

  async first(): Promise<number> {
    return (await this.#collection.history()).first;
  }

  append(base: number, commits: readonly Commit[]): Append {
    return this.#queue.append(base, commits);
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    const head = this.#headNow();
    head.catch(() => undefined); // it is thrown to who reads
    return readCommits({ collection: this.#collection, tip: this.#tip }, { after, head });
  }

  async checkpoint(): Promise<Checkpoint | null> {
    return openCheckpoint({ ...this.#options, place: projectionPlace(this.#connection) });
  }

  async trim(revision: number): Promise<void> {
    const { database, now = Date.now } = this.#options;
    const place = projectionPlace(this.#connection);
    const dispensable = await request(() => dispensableUpTo(place, database, now()));
    await this.#trimming.trim(Math.min(revision, dispensable));
  }

  onHead(listener: (head: number) => void): () => void {
    return this.#watch.onHead(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The head at the time of the call, without what is appended here while the question is under way. */
  async #headNow(): Promise<number> {
    const moment = this.#queue.remember();
    try {
      return Math.min(await this.head(), moment.baseOfNext);
    } finally {
      this.#queue.forget(moment);
    }
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#watch.close();
    await this.#recovering;
    await this.#connection.close();
  }

  /** Asks until the server tells where the journal ends; then appends are taken again. */
  async #recover(): Promise<void> {
    for (let waitMs = MIN_RECOVERY_MS; this.#closing === null; waitMs = Math.min(MAX_RECOVERY_MS, waitMs * 2)) {
      try {
        await this.#tip.refresh();
        break;
      } catch (error) {
        this.#options.logger.warn(
          { err: error, database: this.#options.database, waitMs },
          'the journal cannot be reached',
        );
        await sleep(waitMs, undefined, { ref: false });
      }
    }
    this.#recovering = null;
    this.#queue.recovered();
  }
}
