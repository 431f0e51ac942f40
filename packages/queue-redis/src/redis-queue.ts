import type {
  ConsumeOptions,
  Consumer,
  DeadLetter,
  NewJob,
  Queue,
  QueueCounts,
  QueueSupports,
  Submission,
} from '@backside/jobs';
import { BacksideError, type Logger } from '@backside/protocol';
import { Queue as BullQueue, type Job } from 'bullmq';
import { attemptOf, bullId, type Kept } from './kept-job.js';
import { Line } from './line.js';
import { RedisConsumer } from './redis-consumer.js';

/** For how long the id of a job that was done is known. */
const KEEP_DONE_SECONDS = 25 * 3_600;
/** How long Redis may take to answer. */
const PATIENCE_MS = 5_000;
const WAITING: ReadonlySet<string> = new Set(['waiting', 'delayed', 'prioritized']);

export interface RedisQueueOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://`. */
  readonly url: string;
  /** Before each key of the server. Default `backside`. */
  readonly prefix?: string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Queues in Redis, by BullMQ. They are as durable as that server is set up to be: without `appendonly` a crash of it loses what came
 * since its last snapshot. It must not evict keys (`maxmemory-policy noeviction`).
 */
export function createRedisQueue(options: RedisQueueOptions): Queue {
  return new RedisQueue(options);
}

class RedisQueue implements Queue {
  readonly supports: QueueSupports = {
    unique: true,
    remove: true,
    visibility: true,
    uncounted: true,
    counts: true,
    durable: true,
  };
  readonly #options: RedisQueueOptions;
  readonly #queues = new Map<string, BullQueue<Kept>>();
  readonly #line = new Line();

  constructor(options: RedisQueueOptions) {
    this.#options = options;
  }

  async submit(job: NewJob): Promise<Submission> {
    const { id, queue, name, uniqueKey, startAt } = job;
    const bull = this.#queue(queue);
    const nonce = crypto.randomUUID();
    const { id: known } = await reached(
      bull.add(
        name,
        { job: JSON.stringify(job), nonce, uncounted: 0 },
        {
          jobId: bullId(id),
          attempts: 1,
          removeOnComplete: { age: KEEP_DONE_SECONDS },
          ...(startAt !== null && { delay: Math.max(0, startAt - this.#options.now()) }),
          ...(uniqueKey !== null && { deduplication: { id: uniqueKey } }),
        },
      ),
    );
    if (known !== bullId(id)) return { id: known?.slice(bullId('').length) ?? id, duplicate: true };
    // Redis keeps the job that was first, and does not tell which that is.
    const stored = await reached(bull.getJob(known));
    return { id, duplicate: stored !== undefined && stored.data.nonce !== nonce };
  }

  consume(options: ConsumeOptions): Consumer {
    return new RedisConsumer({ ...options, ...this.#options, prefix: this.#prefix });
  }

  async remove(queue: string, id: string): Promise<boolean> {
    return this.#end(queue, id, (state) => WAITING.has(state));
  }

  async dead(queue: string, limit: number): Promise<DeadLetter[]> {
    const jobs = await reached(this.#queue(queue).getJobs(['failed'], 0, limit - 1, true));
    return jobs.map((job) => ({
      job: JSON.parse(job.data.job) as NewJob,
      attempts: attemptOf(job),
      error: job.failedReason,
      at: job.finishedOn ?? job.timestamp,
    }));
  }

  async retryDead(queue: string, id: string): Promise<boolean> {
    const job = await this.#find(queue, id, (state) => state === 'failed');
    if (job === null) return false;
    await reached(job.updateData({ ...job.data, uncounted: 0 }));
    await reached(job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true }));
    return true;
  }

  async dropDead(queue: string, id: string): Promise<boolean> {
    return this.#end(queue, id, (state) => state === 'failed');
  }

  async counts(queue: string): Promise<QueueCounts> {
    const counts = await reached(this.#queue(queue).getJobCounts('wait', 'delayed', 'prioritized', 'active', 'failed'));
    const { active = 0, failed = 0, ...waiting } = counts;
    return { waiting: Object.values(waiting).reduce((sum, count) => sum + count, 0), running: active, dead: failed };
  }

  async close(): Promise<void> {
    await this.#line.goodbye(Promise.all(Array.from(this.#queues.values(), (queue) => queue.close())));
    this.#queues.clear();
  }

  get #prefix(): string {
    return this.#options.prefix ?? 'backside';
  }

  #queue(name: string): BullQueue<Kept> {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const { url, logger } = this.#options;
    const queue = new BullQueue<Kept>(name, {
      prefix: this.#prefix,
      connection: {
        url,
        commandTimeout: PATIENCE_MS,
        maxRetriesPerRequest: 1,
        retryStrategy: this.#line.retryStrategy,
      },
    });
    queue.on('error', (error) => logger.warn({ err: error, queue: name }, 'a queue lost its connection to Redis'));
    this.#queues.set(name, queue);
    return queue;
  }

  async #find(queue: string, id: string, is: (state: string) => boolean): Promise<Job<Kept> | null> {
    const job = await reached(this.#queue(queue).getJob(bullId(id)));
    return job !== undefined && is(await reached(job.getState())) ? job : null;
  }

  /** Removes a job that is in one of these states, unless somebody is faster. */
  async #end(queue: string, id: string, is: (state: string) => boolean): Promise<boolean> {
    const job = await this.#find(queue, id, is);
    if (job === null) return false;
    try {
      await reached(job.remove());
      return true;
    } catch (error) {
      // A worker has taken it between the two.
      if (error instanceof BacksideError && String(error.cause).includes('locked')) return false;
      throw error;
    }
  }
}

/** What Redis answers; rejects with `unavailable` if it does not. */
async function reached<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw new BacksideError('unavailable', 'Redis is out of reach', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
