import type { Database } from '@backside/api';
import { BacksideError, type Logger } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { backoffMs } from './backoff.js';
import type { EndedJobs } from './ended-jobs.js';
import type { JobNodes, ShownRun } from './job-nodes.js';
import { JobRun, RunEnded } from './job-run.js';
import type { Delivery, Outcome } from './queue.js';
import type { RunContext, Runner } from './runner.js';

/** How long a delivery is kept that could not even be begun, before it is given back. */
const GIVE_BACK_AFTER_MS = 1_000;
const MAX_ERROR_LENGTH = 1_000;

export interface DeliverOptions {
  readonly database: Database;
  readonly nodes: JobNodes;
  readonly ended: EndedJobs;
  readonly runners: readonly Runner<RunContext>[];
  readonly logger: Logger;
  readonly random: () => number;
}

/** Makes runs of deliveries, and outcomes of how they end. */
export class Deliveries {
  readonly #options: DeliverOptions;
  readonly #runs = new Set<JobRun>();
  #isDraining = false;

  constructor(options: DeliverOptions) {
    this.#options = options;
  }

  /** Gives what runs back to the queue, and whatever is delivered from now on. */
  endAll(): void {
    this.#isDraining = true;
    for (const run of this.#runs) endForDraining(run);
  }

  /** Never rejects. */
  async handle(delivery: Delivery): Promise<Outcome> {
    try {
      return await this.#handle(delivery);
    } catch (error) {
      this.#options.logger.warn({ err: error, job: delivery.job.id }, 'a job could not be run; it is given back');
      await new Promise((resolve) => setTimeout(resolve, GIVE_BACK_AFTER_MS));
      return { kind: 'release' };
    }
  }

  async #handle({ job, attempt, lost }: Delivery): Promise<Outcome> {
    if (this.#isDraining) return { kind: 'release' };
    const { nodes } = this.#options;
    const shown = await nodes.begin(job, attempt);
    if (shown === null) return { kind: 'done' };
    if (attempt > job.options.attempts) {
      return this.#failed({ job, attempt, lost }, shown, new Error('its worker died each time'));
    }
    const run = new JobRun({ ...this.#options, job, attempt, shown });
    const unwatch = this.#endsOf(run, { job, attempt, lost });
    this.#runs.add(run);
    if (this.#isDraining) endForDraining(run);
    try {
      const result = await this.#run(run, job.data);
      await run.settle();
      return await this.#succeeded(shown, result);
    } catch (error) {
      await run.settle();
      return await this.#ended({ job, attempt, lost }, shown, error);
    } finally {
      this.#runs.delete(run);
      unwatch();
    }
  }

  /** What may end a run before its handler does. */
  #endsOf(run: JobRun, { job, lost }: Delivery): () => void {
    const { maxRunMs } = job.options;
    const timer = setTimeout(() => run.end('late', `ran for longer than ${maxRunMs} ms`), maxRunMs);
    const unwatch = this.#options.nodes.watchCancel(job.id, () => run.end('cancelled', 'the job was cancelled'));
    const onLost = (): void => run.end('lost', 'the job was given to another worker');
    lost.addEventListener('abort', onLost, { once: true });
    if (lost.aborted) onLost();
    return () => {
      clearTimeout(timer);
      unwatch();
      lost.removeEventListener('abort', onLost);
    };
  }

  async #run(run: JobRun, data: Json): Promise<Json> {
    const runner = this.#options.runners.find((candidate) => candidate.has(run.name));
    if (runner === undefined) throw finalError(`no handler is named ${run.name}`);
    run.signal.throwIfAborted();
    return runner.run(data, run);
  }

  async #succeeded(shown: ShownRun, result: Json): Promise<Outcome> {
    const { nodes, ended, logger } = this.#options;
    await ended.note(shown.id);
    const mine = await nodes.end(shown, { state: 'done', result }).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      throw finalError(`its result cannot be stored: ${error.message}`);
    });
    if (!mine) logger.info({ job: shown.id }, 'a job ended that was cancelled or given to another worker');
    return { kind: 'done' };
  }

  /** What becomes of a run that threw. */
  async #ended(delivery: Delivery, shown: ShownRun, error: unknown): Promise<Outcome> {
    const { nodes, ended } = this.#options;
    const ending = error instanceof RunEnded ? error.ending : null;
    if (ending === 'cancelled') {
      await ended.note(shown.id);
      return { kind: 'done' };
    }
    if (ending === 'lost') return { kind: 'release' };
    if (ending !== 'draining') return this.#failed(delivery, shown, error);
    await nodes.end(shown, { state: 'waiting' });
    return { kind: 'release' };
  }

  async #failed({ job, attempt }: Delivery, shown: ShownRun, error: unknown): Promise<Outcome> {
    const { nodes, random, logger } = this.#options;
    const text = textOf(error);
    const isFinal = isFinalError(error) || attempt >= job.options.attempts;
    logger.warn(
      { err: error, job: job.id, name: job.name, attempt },
      isFinal ? 'a job failed for good' : 'a job failed',
    );
    const mine = await nodes.end(shown, { state: isFinal ? 'dead' : 'waiting', error: text });
    if (!mine) return { kind: 'done' };
    if (isFinal) return { kind: 'dead', error: text };
    return { kind: 'retry', delayMs: backoffMs(job.options.backoff, attempt, random()), error: text };
  }
}

function endForDraining(run: JobRun): void {
  run.end('draining', 'this server is shutting down');
}

/** Whether trying again is of no use; by name, since handlers come from elsewhere. */
function isFinalError(error: unknown): boolean {
  return error instanceof Error && error.name === 'FinalError';
}

function finalError(message: string): Error {
  return Object.assign(new Error(message), { name: 'FinalError' });
}

/** Whether the tree will never take it. */
function isRefusal(error: unknown): error is BacksideError {
  return error instanceof BacksideError && ['invalid-data', 'invalid-path', 'too-large'].includes(error.code);
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.slice(0, MAX_ERROR_LENGTH);
}
