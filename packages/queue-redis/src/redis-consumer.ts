import { performance } from 'node:perf_hooks';
import type { ConsumeOptions, Consumer, Outcome } from '@backside/jobs';
import { BacksideError, type Logger } from '@backside/protocol';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { attemptOf, jobOf, type Kept } from './kept-job.js';
import { Line } from './line.js';

/** Within the time that a job stays invisible, how often its lock is looked at, and how often others look for those that lapsed. */
const LOOKS = 4;
/** However often a job's workers died: whoever consumes decides when that was too often. */
const UNLIMITED = 1_000_000;
/** Pause after Redis did not answer. */
const TRY_AGAIN_MS = 500;

export interface RedisConsumerOptions extends ConsumeOptions {
  readonly url: string;
  readonly prefix: string;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A BullMQ worker whose jobs end as their outcomes say. */
export class RedisConsumer implements Consumer {
  readonly #options: RedisConsumerOptions;
  readonly #worker: Worker<Kept>;
  readonly #underWay = new Set<Promise<void>>();
  /** By id of BullMQ: the lock of each delivery, and when it was last known to hold. */
  readonly #locks = new Map<string, { heldAt: number; readonly lost: AbortController }>();
  readonly #watch: NodeJS.Timeout;
  readonly #line = new Line();
  #closing: Promise<void> | null = null;

  constructor(options: RedisConsumerOptions) {
    this.#options = options;
    const { queue, url, prefix, concurrency, visibilityMs, logger } = options;
    this.#worker = new Worker<Kept>(queue, (job, token) => this.#process(job, token), {
      prefix,
      connection: { url, maxRetriesPerRequest: null, retryStrategy: this.#line.retryStrategy },
      concurrency,
      lockDuration: visibilityMs,
      stalledInterval: visibilityMs / LOOKS,
      maxStalledCount: UNLIMITED,
      runRetryDelay: TRY_AGAIN_MS,
    });
    this.#worker.on('error', (error) =>
      logger.warn({ err: error, queue }, 'a consumer of a queue in Redis has trouble'),
    );
    this.#worker.on('locksRenewed', ({ jobIds }) => this.#renewed(jobIds));
    this.#worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.#lose(id);
    });
    this.#watch = setInterval(() => this.#loseLapsed(), visibilityMs / LOOKS).unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closing = this.#worker.close();
    await Promise.all(this.#underWay);
    clearInterval(this.#watch);
    await this.#line.goodbye(closing);
  }

  #process(job: Job<Kept>, token: string | undefined): Promise<void> {
    const id = job.id ?? '';
    const lost = new AbortController();
    this.#locks.set(id, { heldAt: performance.now(), lost });
    const run = this.#deliver(job, { token, lost: lost.signal });
    const ended = run
      .catch(() => {})
      .finally(() => {
        this.#underWay.delete(ended);
        this.#locks.delete(id);
      });
    this.#underWay.add(ended);
    return run;
  }

  /** BullMQ takes what is thrown for what became of the job. */
  async #deliver(job: Job<Kept>, { token, lost }: { token: string | undefined; lost: AbortSignal }): Promise<void> {
    const outcome: Outcome =
      this.#closing === null
        ? await this.#options.handle({ job: jobOf(job), attempt: attemptOf(job), lost })
        : { kind: 'release' };
    if (lost.aborted) throw new WaitingError(); // says nothing of a job that may be another worker's by now
    switch (outcome.kind) {
      case 'done':
        return;
      case 'retry':
        await job.moveToDelayed(this.#options.now() + outcome.delayMs, token);
        throw new DelayedError();
      case 'release':
        await job.updateData({ ...job.data, uncounted: job.data.uncounted + 1 });
        await job.moveToWait(token);
        throw new WaitingError();
      case 'dead':
        throw new UnrecoverableError(outcome.error);
    }
  }

  #renewed(ids: readonly string[]): void {
    for (const id of ids) {
      const lock = this.#locks.get(id);
      if (lock !== undefined) lock.heldAt = performance.now();
    }
  }

  /** A lock that could not be renewed may be somebody else's. */
  #loseLapsed(): void {
    const lapsed = performance.now() - this.#options.visibilityMs;
    for (const [id, { heldAt }] of this.#locks) if (heldAt <= lapsed) this.#lose(id);
  }

  #lose(id: string): void {
    this.#locks.get(id)?.lost.abort(new BacksideError('unavailable', 'the job was given to another worker'));
  }
}
