import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit } from '@backside/protocol';
import type { Change } from '@backside/tree';
import { computeWrites } from './affected-tree.js';
import { type Connection, openConnection } from './connection.js';
import { assertDatabaseName } from './documents.js';
import { request } from './mongo-error.js';
import type { MongoProjectorOptions } from './options.js';
import { Payloads } from './payloads.js';
import { type Batch, BatchLog } from './projection-batch.js';
import { ProjectionLease } from './projection-lease.js';
import { createProjectionIndexes, type ProjectionPlace, projectionPlace, readProgress } from './projection-place.js';

export interface ProjectionState {
  /** The revision up to which `nodes` has everything, as far as this node knows. */
  readonly revision: number;
  /** Whether this node is the one that projects. */
  readonly holder: boolean;
  /** The age of the oldest commit that was not projected when this node last looked, in milliseconds; 0 if all were. */
  readonly lagMs: number;
}

/** Keeps the `nodes` collection level with a journal, and the journal short. One per node and database; one of them works at a time. */
export interface MongoProjector {
  readonly state: ProjectionState;
  /** Resolves once nothing is under way and the others may go on. */
  close(): Promise<void>;
}

const DEFAULT_LEASE_MS = 10_000;
const DEFAULT_TRACE_MS = 3_600_000;
const DEFAULT_IDLE_MS = 1_000;
const MIN_PAUSE_MS = 20;
/** One step takes as many commits as touch no more paths than this and have no more bytes, but at least one. */
const MAX_PATHS = 256;
const MAX_BYTES = 4 * 1024 * 1024;
/** How often old things are removed, in milliseconds. */
const TIDY_MS = 10_000;

/** Begins at once and goes on until it is closed, through failures of the server. */
export function createMongoProjector(options: MongoProjectorOptions): MongoProjector {
  assertDatabaseName(options.database);
  return new Projector(options);
}

interface Opened {
  readonly connection: Connection;
  readonly place: ProjectionPlace;
  readonly batches: BatchLog;
  readonly lease: ProjectionLease;
}

class Projector implements MongoProjector {
  readonly #options: MongoProjectorOptions;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #opened: Opened | null = null;
  #tidiedAt = Number.NEGATIVE_INFINITY;
  #state: ProjectionState = { revision: 0, holder: false, lagMs: 0 };

  constructor(options: MongoProjectorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#elapsed = options.elapsed ?? (() => performance.now());
    this.#running = this.#run();
  }

  get state(): ProjectionState {
    return this.#state;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Works at most a third of the time, so that the server is there for the journal. */
  async #run(): Promise<void> {
    const { logger, database, idleMs = DEFAULT_IDLE_MS } = this.#options;
    for (let pauseMs = MIN_PAUSE_MS; !this.#stopping.signal.aborted; ) {
      const began = this.#elapsed();
      try {
        const worked = await this.#step(await this.#open());
        const took = this.#elapsed() - began;
        pauseMs = worked ? Math.max(MIN_PAUSE_MS, 2 * took) : Math.min(idleMs, pauseMs * 2);
      } catch (error) {
        this.#state = { ...this.#state, holder: false };
        pauseMs = idleMs;
        logger.warn({ err: error, database }, 'the projection cannot go on; trying again');
      }
      await this.#pause(Math.min(5 * idleMs, pauseMs));
    }
    await this.#release();
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined); // stopped, which the caller sees
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== null) return this.#opened;
    const { database, nodeId, leaseMs = DEFAULT_LEASE_MS } = this.#options;
    const connection = await openConnection(this.#options);
    try {
      const place = projectionPlace(connection);
      const payloads = new Payloads(connection.db);
      await request(() => createProjectionIndexes(place));
      await request(() => payloads.createIndexes());
      const holder = `${nodeId}/${crypto.randomUUID()}`;
      const lease = new ProjectionLease({ place, database, holder, leaseMs, now: this.#now, elapsed: this.#elapsed });
      const batches = new BatchLog({ place, payloads, database, now: this.#now });
      this.#opened = { connection, place, batches, lease };
      return this.#opened;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Resolves with whether there was something to do. */
  async #step(opened: Opened): Promise<boolean> {
    const { journal, database } = this.#options;
    const { place, batches, lease } = opened;
    const holder = await lease.hold();
    const askedAt = this.#elapsed();
    const revision = (await request(() => readProgress(place, database))) ?? 0;
    this.#state = { ...this.#state, revision, holder };
    if (!holder) return false;
    await this.#tidy(opened, revision);
    const begun = await batches.at(revision);
    if (begun !== null) {
      await this.#complete(opened, begun);
      return true;
    }
    if ((await journal.head()) === revision) {
      this.#state = { ...this.#state, lagMs: 0 };
      return false;
    }
    if (await batches.isHeld()) return false;
    return this.#begin(opened, { revision, askedAt });
  }

  async #begin(opened: Opened, { revision, askedAt }: { revision: number; askedAt: number }): Promise<boolean> {
    const { database, journal, traceMs = DEFAULT_TRACE_MS } = this.#options;
    const { place, batches } = opened;
    const commits = await this.#nextCommits(revision);
    const first = commits[0];
    if (first === undefined) return false;
    this.#state = { ...this.#state, lagMs: Math.max(0, this.#now() - first.time) };
    const changes = commits.flatMap((commit): readonly Change[] => commit.changes);
    const writes = await computeWrites({ place, database }, changes);
    const batch: Batch = { from: revision, to: commits.at(-1)!.revision, writes };
    await journal.first(); // throws if its history is not the one that the nodes belong to by now
    const outcome = await batches.begin(batch);
    if (outcome !== 'begun') return outcome === 'taken';
    if (this.#elapsed() - askedAt >= traceMs) {
      // The traces of a step that others have done from here may be gone, and this one is not what follows.
      await batches.withdraw(revision);
      return true;
    }
    await this.#complete(opened, batch);
    return true;
  }

  async #complete({ batches }: Opened, batch: Batch): Promise<void> {
    await batches.complete(batch);
    this.#state = { ...this.#state, revision: batch.to };
  }

  async #nextCommits(after: number): Promise<Commit[]> {
    const next: Commit[] = [];
    const paths = new Set<string>();
    let bytes = 0;
    for await (const commits of this.#options.journal.commits(after)) {
      for (const commit of commits) {
        for (const { path } of commit.changes) paths.add(path.join('/'));
        bytes += commit.encoded().length;
        if (next.length > 0 && (paths.size > MAX_PATHS || bytes > MAX_BYTES)) return next;
        next.push(commit);
      }
    }
    return next;
  }

  async #tidy({ batches }: Opened, revision: number): Promise<void> {
    const { journal, traceMs = DEFAULT_TRACE_MS } = this.#options;
    if (this.#elapsed() - this.#tidiedAt < TIDY_MS) return;
    this.#tidiedAt = this.#elapsed();
    await batches.forget(this.#now() - traceMs);
    await journal.trim(revision);
  }

  async #release(): Promise<void> {
    const { logger } = this.#options;
    this.#state = { ...this.#state, holder: false };
    if (this.#opened === null) return;
    const { lease, connection } = this.#opened;
    await lease.release().catch((error: unknown) => {
      logger.debug({ err: error }, 'the projection lease could not be given back; it ends by itself');
    });
    await connection.close();
  }
}
