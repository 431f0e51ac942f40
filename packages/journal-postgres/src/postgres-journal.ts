import { BacksideError, type Commit } from '@backside/protocol';
import {
  type Append,
  type AppendOutcome,
  type Checkpoint,
  type Journal,
  type JournalSupports,
  type MergedAppend,
  type Patience,
  retrying,
  SharedAppendQueue,
} from '@backside/store';
import type pg from 'pg';
import { openCheckpoint } from './checkpoint.js';
import { borrowConnections, type Connections } from './connections.js';
import { JournalRows, type JournalState } from './journal-rows.js';
import { DEFAULT_SCHEMA, type PostgresJournalOptions, patienceOf } from './options.js';
import { unavailable } from './postgres-error.js';
import { adoptDatabase, assertDatabaseName, prepareTables, type Tables, tablesOf } from './schema.js';
import { JournalTrim } from './trim.js';

/** Nodes ask for a trim with every checkpoint of their replicas, and measuring what there is costs the server something. */
const TRIM_EVERY_MS = 10_000;

/**
 * Opens the journal of a database, and begins it if there is none. Rejects with `unavailable` if the server cannot be reached, `internal` if
 * a newer version of Backside wrote the journal, `invalid-data` for names that cannot be stored.
 */
export async function createPostgresJournal(options: PostgresJournalOptions): Promise<Journal> {
  const tables = tablesOf(options.schema ?? DEFAULT_SCHEMA);
  assertDatabaseName(options.database);
  const connections = borrowConnections(options, options.logger);
  try {
    const { pool } = connections;
    await retrying(patienceOf(options), () => prepareTables(pool, tables));
    const epoch = await adoptDatabase(pool, tables, options.database);
    const supports = { durability: await durabilityOf(pool), sharedBetweenNodes: true };
    return new PostgresJournal({ options, connections, tables, epoch, supports });
  } catch (error) {
    await connections.release();
    throw unavailable(error, options.url);
  }
}

/** What a commit survives, by the server's own settings. */
async function durabilityOf(pool: pg.Pool): Promise<JournalSupports['durability']> {
  const { rows } = await pool.query<{ fsync: string; standbys: string }>(
    "select current_setting('fsync') as fsync, current_setting('synchronous_standby_names') as standbys",
  );
  if (rows[0]!.standbys !== '') return 'replicated';
  return rows[0]!.fsync === 'on' ? 'disk' : 'none';
}

interface Parts {
  readonly options: PostgresJournalOptions;
  readonly connections: Connections;
  readonly tables: Tables;
  readonly epoch: string;
  readonly supports: JournalSupports;
}

class PostgresJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #options: PostgresJournalOptions;
  readonly #connections: Connections;
  readonly #tables: Tables;
  readonly #rows: JournalRows;
  readonly #trim: JournalTrim;
  readonly #queue: SharedAppendQueue = new SharedAppendQueue({
    store: (append) => this.#store(append),
  });
  readonly #patience: Patience;
  #trimmedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ options, connections, tables, epoch, supports }: Parts) {
    this.supports = supports;
    this.epoch = epoch;
    this.#options = options;
    this.#patience = { ...patienceOf(options), isOver: () => this.#closed };
    this.#connections = connections;
    this.#tables = tables;
    this.#rows = new JournalRows(connections.pool, tables, options);
    this.#trim = new JournalTrim(connections.pool, tables, options);
  }

  async head(): Promise<number> {
    return (await this.#reaching(() => this.#state())).head;
  }

  async first(): Promise<number> {
    return (await this.#reaching(() => this.#state())).trimmed + 1;
  }

  append(base: number, commits: readonly Commit[]): Append {
    return this.#queue.append(base, commits);
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    const head = this.#queue.headBefore(() => this.head());
    head.catch(() => undefined); // it is thrown to who reads
    return this.#read(after, head);
  }

  async checkpoint(): Promise<Checkpoint | null> {
    return this.#reaching(() => openCheckpoint(this.#options, this.#tables));
  }

  async trim(revision: number): Promise<void> {
    const now = performance.now();
    if (now - this.#trimmedAt < TRIM_EVERY_MS) return;
    this.#trimmedAt = now;
    await this.#reaching(() => this.#trim.upTo(revision));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.close();
    await this.#connections.release();
  }

  async *#read(after: number, asked: Promise<number>): AsyncGenerator<readonly Commit[], undefined> {
    const head = await asked;
    let next = after + 1;
    while (next <= head) {
      const { commits } = await this.#reaching(() => this.#rows.after(next - 1));
      if (commits[0]?.revision !== next) throw await this.#gapAt(next);
      yield commits.at(-1)!.revision > head ? commits.filter(({ revision }) => revision <= head) : commits;
      next = commits.at(-1)!.revision + 1;
    }
  }

  async #gapAt(revision: number): Promise<BacksideError> {
    const { trimmed } = await this.#reaching(() => this.#state());
    if (revision <= trimmed) return new BacksideError('not-found', `commit ${revision} is no longer kept`);
    return new BacksideError(
      'internal',
      `commit ${revision} of database ${this.#options.database} is not where it belongs`,
    );
  }

  async #store(append: MergedAppend): Promise<AppendOutcome> {
    if (append.commits.length === 0) return this.#compare(append.base);
    return this.#reaching(() => retrying(this.#patience, () => this.#insert(append)));
  }

  /** Whether an earlier try was stored although nobody heard of it, its id tells: the row that follows the base is ours then. */
  async #insert(row: MergedAppend): Promise<AppendOutcome> {
    const end = row.base + row.commits.length;
    if (await this.#rows.insert(this.epoch, row)) return { status: 'appended', head: end };
    const [{ commits, appendId }, state] = await Promise.all([this.#rows.after(row.base), this.#state()]);
    if (appendId === row.appendId) return { status: 'appended', head: end };
    return this.#conflict(row.base, commits, state);
  }

  async #compare(base: number): Promise<AppendOutcome> {
    const { head } = await this.#reaching(() => this.#state());
    return head === base ? { status: 'appended', head } : { status: 'revision-conflict', head };
  }

  #conflict(base: number, after: readonly Commit[], { head }: JournalState): AppendOutcome {
    const isWhole = after[0]?.revision === base + 1 && after.at(-1)!.revision >= head;
    if (!isWhole) return { status: 'revision-conflict', head };
    return { status: 'revision-conflict', head: after.at(-1)!.revision, missing: after };
  }

  /** Where this history stands. Throws `internal` if it has ended, and what pg throws. */
  async #state(): Promise<JournalState> {
    const state = await this.#rows.state();
    if (state.epoch === this.epoch) return state;
    throw new BacksideError('internal', `database ${this.#options.database} has begun a new history`);
  }

  async #reaching<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw unavailable(error, this.#options.url);
    }
  }
}
