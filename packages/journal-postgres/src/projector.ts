import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError } from '@backside/protocol';
import { retrying } from '@backside/store';
import type pg from 'pg';
import { borrowConnections, type Connections, inTransaction } from './connections.js';
import { JournalRows } from './journal-rows.js';
import { NodesTable } from './nodes-table.js';
import { DEFAULT_SCHEMA, type PostgresProjectorOptions, patienceOf } from './options.js';
import { unavailable } from './postgres-error.js';
import { projectCommits } from './project-commits.js';
import { assertDatabaseName, prepareTables, type Tables, tablesOf } from './schema.js';
import { JournalTrim } from './trim.js';

const DEFAULT_IDLE_MS = 1_000;
const FIRST_PAUSE_MS = 20;
const TRIM_EVERY_MS = 30_000;

export interface ProjectionState {
  /** The tables show the tree after this revision, as far as this node knows. */
  readonly revision: number;
  /** Whether this node was the last one to move them, as far as it knows. */
  readonly holder: boolean;
  /** For how long they have been behind the journal, in milliseconds; 0 while they are not. */
  readonly lagMs: number;
}

/** Keeps the table `nodes` level with the journal, together with the projectors of all other nodes. */
export interface PostgresProjector {
  readonly state: ProjectionState;
  /** Resolves with the revision of the tables once they show all that was in the journal at the time of the call. */
  catchUp(): Promise<number>;
  /** Ends it after the transaction under way. */
  close(): Promise<void>;
}

/**
 * Starts a projector. Any number of nodes may run one: each transaction locks the row that says how far the table has come, and whoever
 * finds it locked lets the other do the work; so a node that is frozen or cut off holds nobody up for longer than the server keeps its
 * transaction. Rejects as `createPostgresJournal` does.
 */
export async function createPostgresProjector(options: PostgresProjectorOptions): Promise<PostgresProjector> {
  const tables = tablesOf(options.schema ?? DEFAULT_SCHEMA);
  assertDatabaseName(options.database);
  const connections = borrowConnections(options, options.logger);
  try {
    await retrying(patienceOf(options), () => prepareTables(connections.pool, tables));
    await connections.pool.query(
      `insert into ${tables.projection} (database, holder) values ($1, $2) on conflict do nothing`,
      [options.database, options.nodeId],
    );
  } catch (error) {
    await connections.release();
    throw unavailable(error, options.url);
  }
  const projector = new Projector(options, connections, tables);
  projector.start();
  return projector;
}

/** What one look came to. */
type Moved = 'moved' | 'level' | 'busy';

class Projector implements PostgresProjector {
  readonly #options: PostgresProjectorOptions;
  readonly #connections: Connections;
  readonly #tables: Tables;
  readonly #trim: JournalTrim;
  readonly #stop: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #revision = 0;
  #holder = false;
  #behindSince: number | null = null;
  #trimmedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PostgresProjectorOptions, connections: Connections, tables: Tables) {
    this.#options = options;
    this.#connections = connections;
    this.#tables = tables;
    this.#trim = new JournalTrim(connections.pool, tables, options);
  }

  get state(): ProjectionState {
    const lagMs = this.#behindSince === null ? 0 : performance.now() - this.#behindSince;
    return { revision: this.#revision, holder: this.#holder, lagMs };
  }

  start(): void {
    this.#running = this.#run();
  }

  async catchUp(): Promise<number> {
    const { head } = await this.#rows(this.#connections.pool).state();
    while (!this.#stop.signal.aborted) {
      if ((await this.#step()) === 'busy') await this.#pause(FIRST_PAUSE_MS);
      else if (this.#revision >= head) return this.#revision;
    }
    throw new BacksideError('unavailable', 'the projector is closed');
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#connections.release();
  }

  async #run(): Promise<void> {
    const idleMs = this.#options.idleMs ?? DEFAULT_IDLE_MS;
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      const moved = await this.#tryStep();
      pauseMs = moved === 'moved' ? FIRST_PAUSE_MS : Math.min(idleMs, pauseMs * 2);
      await this.#pause(moved === 'busy' ? idleMs : pauseMs);
    }
  }

  async #tryStep(): Promise<Moved> {
    try {
      const moved = await this.#step();
      if (this.#holder) await this.#trimNow();
      return moved;
    } catch (error) {
      this.#behindSince ??= performance.now();
      const { url, database, logger } = this.#options;
      logger.warn({ err: unavailable(error, url), database }, 'the projection could not be moved; trying again');
      return 'busy';
    }
  }

  async #trimNow(): Promise<void> {
    if (performance.now() - this.#trimmedAt < TRIM_EVERY_MS) return;
    this.#trimmedAt = performance.now();
    await this.#trim.upTo(this.#revision);
  }

  /** Projects some of the commits that follow, in one transaction. */
  async #step(): Promise<Moved> {
    const moved = await inTransaction(this.#connections.pool, (client) => this.#project(client));
    if (moved === 'level') this.#behindSince = null;
    else this.#behindSince ??= performance.now();
    return moved;
  }

  async #project(client: pg.ClientBase): Promise<Moved> {
    const { projection } = this.#tables;
    const { database, nodeId } = this.#options;
    const { rows } = await client.query<{ revision: string; holder: string }>(
      `select revision, holder from ${projection} where database = $1 for update skip locked`,
      [database],
    );
    if (rows[0] === undefined) {
      this.#holder = false;
      return 'busy';
    }
    this.#revision = Number(rows[0].revision);
    this.#holder = rows[0].holder === nodeId;
    const { commits } = await this.#rows(client).after(this.#revision);
    if (commits.length === 0) return 'level';
    this.#assertNext(commits[0]!.revision);
    await projectCommits(new NodesTable(client, this.#tables, database), commits);
    const revision = commits.at(-1)!.revision;
    await client.query(
      `update ${projection} set revision = $2, holder = $3, moved = clock_timestamp() where database = $1`,
      [database, revision, nodeId],
    );
    this.#revision = revision;
    this.#holder = true;
    return 'moved';
  }

  #assertNext(revision: number): void {
    if (revision === this.#revision + 1) return;
    throw new BacksideError(
      'internal',
      `the projection is at ${this.#revision}, and the journal goes on with ${revision}`,
    );
  }

  #rows(client: pg.Pool | pg.ClientBase): JournalRows {
    return new JournalRows(client, this.#tables, this.#options);
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    await sleep(ms * (0.5 + Math.random()), undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
