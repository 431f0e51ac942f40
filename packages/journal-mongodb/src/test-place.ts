import { SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { type Db, MongoClient } from 'mongodb';
import { createMongoJournal } from './mongo-journal.js';
import { createMongoProjector, type MongoProjector } from './mongo-projector.js';
import type { MongoJournalOptions, MongoProjectorOptions } from './options.js';

/** A database of the server for one test, with journals and projectors in it. */
export class TestPlace {
  readonly url: string;
  readonly mongoDatabase: string = `test-${crypto.randomUUID()}`;
  readonly database: string = 'main';
  readonly #client: MongoClient;
  readonly #journals: Journal[] = [];
  readonly #projectors: MongoProjector[] = [];

  constructor(url: string) {
    this.url = url;
    this.#client = new MongoClient(url);
  }

  /** The collections, as other services see them. */
  get db(): Db {
    return this.#client.db(this.mongoDatabase);
  }

  /** Without grace, so that anything may be trimmed at once. */
  async open(options: Partial<MongoJournalOptions> = {}): Promise<Journal> {
    const { url, mongoDatabase, database } = this;
    const journal = await createMongoJournal({
      url,
      mongoDatabase,
      database,
      nodeId: 'node-1',
      logger: SILENT_LOGGER,
      graceMs: 0,
      ...options,
    });
    this.#journals.push(journal);
    return journal;
  }

  project(journal: Journal, options: Partial<MongoProjectorOptions> = {}): MongoProjector {
    const { url, mongoDatabase, database } = this;
    const projector = createMongoProjector({
      url,
      mongoDatabase,
      database,
      nodeId: 'node-1',
      logger: SILENT_LOGGER,
      journal,
      idleMs: 50,
      ...options,
    });
    this.#projectors.push(projector);
    return projector;
  }

  async remove(): Promise<void> {
    for (const projector of this.#projectors) await projector.close();
    for (const journal of this.#journals) await journal.close();
    await this.db.dropDatabase();
    await this.#client.close();
  }
}

/** Resolves once `nodes` has everything up to the revision. */
export async function projected(place: TestPlace, revision: number): Promise<void> {
  await until(async () => ((await place.db.collection('progress').findOne())?.revision ?? 0) >= revision);
}

/** Resolves once `holds` does; rejects if that takes longer than anything takes. */
export async function until(holds: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
