import { createPushIds } from '@backside/tree';
import { Deliveries } from './deliver.js';
import { EndedJobs } from './ended-jobs.js';
import { JobNodes } from './job-nodes.js';
import { DEFAULT_QUEUE, parseRequest } from './job-request.js';
import type { JobRequest, JobState, JobStatus, Jobs, JobsOptions } from './jobs.js';
import type { Consumer, DeadLetter, QueueCounts } from './queue.js';
import { createLocalRunner, type RunContext, type Runner } from './runner.js';
import { createSequenceRunner } from './sequence.js';
import { createUniqueQueue } from './unique-queue.js';
import { createProcessRunner } from './workers/process-runner.js';

const DEFAULT_VISIBILITY_MS = 10_000;
const DEFAULT_KEEP_MS = 24 * 3_600_000;
const DEFAULT_MEMORY_MB = 256;
const DEFAULT_GRACE_MS = 2_000;
/** How long `close` waits for jobs under way. */
const CLOSE_WITHIN_MS = 1_000;

/** Begins at once to run the jobs of this node's queues. */
export function createJobs(options: JobsOptions): Jobs {
  return new JobsOfNode(options);
}

class JobsOfNode implements Jobs {
  readonly #options: JobsOptions;
  readonly #nodes: JobNodes;
  readonly #ended: EndedJobs;
  readonly #runners: readonly Runner<RunContext>[];
  readonly #deliveries: Deliveries;
  readonly #consumers: readonly Consumer[];
  readonly #nextId: () => string;
  #drained: Promise<void> | null = null;

  constructor(given: JobsOptions) {
    const options = { ...given, queue: given.queue.supports.unique ? given.queue : createUniqueQueue(given) };
    this.#options = options;
    const { database, root = ['jobs'], now, keepMs = DEFAULT_KEEP_MS } = options;
    this.#nextId = createPushIds(options);
    this.#nodes = new JobNodes(database, root, now);
    this.#ended = new EndedJobs({ ...options, nodes: this.#nodes, keepMs });
    this.#runners = runnersOf(options);
    this.#deliveries = new Deliveries({ ...options, nodes: this.#nodes, ended: this.#ended, runners: this.#runners });
    this.#consumers = this.#consume();
  }

  async submit(request: JobRequest): Promise<{ readonly id: string; readonly duplicate: boolean }> {
    const job = parseRequest(request, this.#options, this.#nextId);
    // A queue may forget a job that was taken back; its node does not.
    if (this.#nodes.get(job.id)?.state === 'cancelled') return { id: job.id, duplicate: true };
    const submission = await this.#options.queue.submit(job);
    if (!submission.duplicate) await this.#nodes.add(job);
    return submission;
  }

  async status(id: string): Promise<JobStatus | null> {
    await this.#options.database.refresh();
    return this.#nodes.get(id);
  }

  async list(filter: {
    readonly state?: JobState;
    readonly queue?: string;
    readonly limit: number;
  }): Promise<JobStatus[]> {
    await this.#options.database.refresh();
    const { state, queue, limit } = filter;
    const isWanted = (status: JobStatus): boolean =>
      (state === undefined || status.state === state) && (queue === undefined || status.queue === queue);
    return this.#nodes.list(isWanted, limit);
  }

  async cancel(id: string): Promise<boolean> {
    const status = await this.status(id);
    if (status === null || (status.state !== 'waiting' && status.state !== 'running')) return false;
    await this.#ended.note(id);
    for (const state of ['waiting', 'running'] as const) {
      if (!(await this.#nodes.move(id, state, 'cancelled'))) continue;
      // What stays in the queue is dropped when its turn comes.
      if (this.#options.queue.supports.remove) await this.#options.queue.remove(status.queue, id);
      return true;
    }
    return false;
  }

  dead(queue: string, limit: number): Promise<DeadLetter[]> {
    return this.#options.queue.dead(queue, limit);
  }

  async retryDead(queue: string, id: string): Promise<boolean> {
    if (!(await this.#options.queue.retryDead(queue, id))) return false;
    await this.#nodes.move(id, 'dead', 'waiting');
    return true;
  }

  async dropDead(queue: string, id: string): Promise<boolean> {
    if (!(await this.#options.queue.dropDead(queue, id))) return false;
    await this.#nodes.remove([id]);
    return true;
  }

  counts(queue: string): Promise<QueueCounts> {
    return this.#options.queue.counts(queue);
  }

  drain(withinMs: number): Promise<void> {
    const late = setTimeout(() => this.#deliveries.endAll(), withinMs);
    this.#drained ??= Promise.all(this.#consumers.map((consumer) => consumer.close())).then(() => {});
    return this.#drained.finally(() => clearTimeout(late));
  }

  async close(): Promise<void> {
    await this.drain(CLOSE_WITHIN_MS);
    this.#ended.close();
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  #consume(): Consumer[] {
    const { queue, queues = [DEFAULT_QUEUE], workers = 1, visibilityMs = DEFAULT_VISIBILITY_MS } = this.#options;
    if (workers === 0 || this.#runners.length === 0) return [];
    return queues.map((name) =>
      queue.consume({
        queue: name,
        concurrency: workers,
        visibilityMs,
        handle: (delivery) => this.#deliveries.handle(delivery),
      }),
    );
  }
}

function runnersOf(options: JobsOptions): Runner<RunContext>[] {
  const { handlers, directory, queues = [DEFAULT_QUEUE], workers = 1, logger } = options;
  const { workerMemoryMb: memoryMb = DEFAULT_MEMORY_MB, graceMs = DEFAULT_GRACE_MS } = options;
  const maxIdle = workers * queues.length;
  const runners = [
    ...(handlers === undefined ? [] : [createLocalRunner(handlers)]),
    ...(directory === undefined ? [] : [createProcessRunner({ directory, memoryMb, graceMs, maxIdle, logger })]),
  ];
  return runners.length === 0 ? [] : [...runners, createSequenceRunner({ runners, logger })];
}
