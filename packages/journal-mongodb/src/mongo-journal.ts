import type { Commit } from '@backside/protocol';
import { type Append, type Checkpoint, type Journal, type JournalSupports, SharedAppendQueue } from '@backside/store';
import { MongoAppendStore } from './append-store.js';
import { openCheckpoint } from './checkpoint.js';
import { readCommits } from './commit-reader.js';
import { type Connection, openConnection } from './connection.js';
import { assertDatabaseName } from './documents.js';
import { HeadWatch } from './head-watch.js';
import { openHistory } from './history.js';
import { JournalCollection } from './journal-collection.js';
import { JournalTip } from './journal-tip.js';
import { request } from './mongo-error.js';
import type { MongoJournalOptions } from './options.js';
import { dispensableUpTo, projectionPlace } from './projection-place.js';
import { Trimming } from './trimming.js';

const DEFAULT_PATIENCE_MS = 3_000;
const DEFAULT_GRACE_MS = 60_000;

/**
 * Opens the journal of a database, which begins if there is none. Rejects with `unavailable` if the server does not answer, with
 * `internal` if what is stored was written by a newer version.
 */
export async function createMongoJournal(options: MongoJournalOptions): Promise<Journal> {
  assertDatabaseName(options.database);
  const connection = await openConnection(options);
  try {
    const history = await openHistory(options.database, connection);
    const collection = new JournalCollection(history, connection);
    await collection.createIndexes();
    const journal = new MongoJournal(options, { connection, collection });
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
}

class MongoJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #options: MongoJournalOptions;
  readonly #connection: Connection;
  readonly #collection: JournalCollection;
  readonly #tip: JournalTip;
  readonly #queue: SharedAppendQueue;
  readonly #trimming: Trimming;
  readonly #watch: HeadWatch;
  #closing: Promise<void> | null = null;

  constructor(options: MongoJournalOptions, { connection, collection }: Opened) {
    const { database, nodeId, logger, retention = {}, now = Date.now, elapsed = () => performance.now() } = options;
    const { graceMs = DEFAULT_GRACE_MS, patienceMs = DEFAULT_PATIENCE_MS } = options;
    const tip = new JournalTip({ collection, elapsed, graceMs });
    const isClosed = (): boolean => this.#closing !== null;
    const appends = { collection, tip, database, nodeId, logger, now, elapsed, patienceMs, isClosed };
    this.supports = { durability: connection.replicated ? 'replicated' : 'disk', sharedBetweenNodes: true };
    this.epoch = collection.history.epoch;
    this.#options = options;
    this.#connection = connection;
    this.#collection = collection;
    this.#tip = tip;
    this.#queue = new SharedAppendQueue(new MongoAppendStore(appends));
    this.#trimming = new Trimming({ collection, tip, retention, graceMs, now, elapsed });
    this.#watch = new HeadWatch({ collection, tip, logger, elapsed, changeStreams: connection.replicated });
  }

  async head(): Promise<number> {
    await this.#tip.refresh();
    return this.#tip.revision;
  }

  async first(): Promise<number> {
    return this.#collection.history.first();
  }

  append(base: number, commits: readonly Commit[]): Append {
    return this.#queue.append(base, commits);
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    const head = this.#queue.headBefore(() => this.head());
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

  told(commits: readonly Commit[]): void {
    if (commits[0] !== undefined) this.#tip.told(commits[0].revision);
  }

  onHead(listener: (head: number) => void): () => void {
    return this.#watch.onHead(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#watch.close();
    await this.#connection.close();
  }
}
