import { performance } from 'node:perf_hooks';
import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import { parsePlace } from '../place.js';
import type {
  ConsumeOptions,
  Consumer,
  DeadLetter,
  NewJob,
  Queue,
  QueueCounts,
  QueueSupports,
  Submission,
} from '../queue.js';
import { Sweep } from '../sweep.js';
import { EmbeddedConsumer } from './embedded-consumer.js';
import { type JobRecord, jobOf } from './job-record.js';
import { Records } from './records.js';

/** For how long the id of a job that has ended is known. */
const KEEP_ENDED_MS = 25 * 3_600_000;
const FORGET_AT_ONCE = 500;

export interface EmbeddedQueueOptions {
  /** A part of the private tree that nothing else uses. */
  readonly tree: PrivateTree;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A clock that is never set, in milliseconds. Default the process's own. */
  readonly monotonic?: () => number;
}

/**
 * A queue in the private tree of a database: as durable as that is, and shared by all nodes and processes that serve it. Every step
 * of a job's life is one conditional commit, so two consumers never both take it, and an outcome counts only from who holds it.
 */
export function createEmbeddedQueue(options: EmbeddedQueueOptions): Queue {
  return new EmbeddedQueue(options);
}

class EmbeddedQueue implements Queue {
  readonly supports: QueueSupports = {
    unique: true,
    remove: true,
    visibility: true,
    uncounted: true,
    counts: true,
    durable: true,
  };
  readonly #options: EmbeddedQueueOptions;
  readonly #records: Records;
  #sweep: Sweep | null = null;

  constructor(options: EmbeddedQueueOptions) {
    this.#options = options;
    this.#records = new Records(options.tree, options.now);
  }

  async submit(job: NewJob): Promise<Submission> {
    return this.#records.add(job);
  }

  consume(options: ConsumeOptions): Consumer {
    this.#sweep ??= this.#newSweep();
    const { tree, logger, now, monotonic = () => performance.now() } = this.#options;
    return new EmbeddedConsumer({ ...options, tree, logger, now, monotonic, records: this.#records });
  }

  async remove(queue: string, id: string): Promise<boolean> {
    const record = await this.#find(queue, id, 'waiting');
    return record !== null && this.#records.finish(record);
  }

  async dead(queue: string, limit: number): Promise<DeadLetter[]> {
    await this.#options.tree.refresh();
    return this.#records.dead(queue, limit).map((record) => ({
      job: jobOf(record),
      attempts: record.attempt,
      error: record.error,
      at: parsePlace(record.place).timeMs,
    }));
  }

  async retryDead(queue: string, id: string): Promise<boolean> {
    const record = await this.#find(queue, id, 'dead');
    return record !== null && this.#records.revive(record);
  }

  async dropDead(queue: string, id: string): Promise<boolean> {
    const record = await this.#find(queue, id, 'dead');
    return record !== null && this.#records.finish(record);
  }

  async counts(queue: string): Promise<QueueCounts> {
    await this.#options.tree.refresh();
    return this.#records.counts(queue);
  }

  async close(): Promise<void> {
    this.#sweep?.close();
  }

  async #find(queue: string, id: string, state: JobRecord['state']): Promise<JobRecord | null> {
    await this.#options.tree.refresh();
    const record = this.#records.get(id);
    return record?.state === state && jobOf(record).queue === queue ? record : null;
  }

  #newSweep(): Sweep {
    const { now, logger } = this.#options;
    return new Sweep({
      some: () => this.#records.forget(now() - KEEP_ENDED_MS, FORGET_AT_ONCE),
      failure: 'jobs that ended long ago could not be forgotten',
      logger,
    });
  }
}
