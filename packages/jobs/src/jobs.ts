import type { Database } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import type { Handler } from './handler.js';
import type { Backoff, DeadLetter, Queue, QueueCounts } from './queue.js';

/** A job as somebody asks for it. What is left out has the defaults of `JobsOptions`. */
export interface JobRequest {
  /** `module.function` of the handler directory, `module` for its default export, or the name of a handler in this process. */
  readonly name: string;
  readonly data?: Json;
  /** `[A-Za-z0-9_-]`, at most 128 characters. A second job with the id of a known one is a duplicate. Default: a new push id. */
  readonly id?: string;
  /** Default `default`. */
  readonly queue?: string;
  readonly delayMs?: number;
  /** Milliseconds since the epoch; wins over `delayMs`. */
  readonly startAt?: number;
  /** While a job with this key waits or runs, another one is a duplicate. */
  readonly uniqueKey?: string;
  /** Tells apart jobs of one name, for whoever lists or cancels them. 1 to 128 characters. */
  readonly tag?: string;
  readonly attempts?: number;
  readonly backoff?: Partial<Backoff>;
  readonly maxRunMs?: number;
}

export type JobState = 'waiting' | 'running' | 'done' | 'dead' | 'cancelled';

/** A job as its node in the tree shows it. */
export interface JobStatus {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly tag: string | null;
  readonly state: JobState;
  /** Of the latest delivery; 0 before the first. */
  readonly attempt: number;
  readonly submittedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly progress: Json;
  readonly result: Json;
  /** Of the latest failed attempt. */
  readonly error: string | null;
}

export interface JobsOptions {
  readonly queue: Queue;
  /** Where the nodes of jobs are, and what handlers read and write. */
  readonly database: Database;
  /** A part of the private tree, which may be the one of the embedded queue and of cron. */
  readonly tree: PrivateTree;
  /** Parent of the jobs' nodes. Default `/jobs`. */
  readonly root?: Path;
  /** Handlers that run in this process, by name: quick ones that can be trusted to end. */
  readonly handlers?: ReadonlyMap<string, Handler>;
  /** Folder of ES modules whose functions run in worker processes. */
  readonly directory?: string;
  /** Jobs that this node runs at the same time, of each queue; each in a process of its own. 0: it only submits. Default 1. */
  readonly workers?: number;
  /** Heap of a worker process, in megabytes. Default 256. */
  readonly workerMemoryMb?: number;
  /** How long a handler may go on after its signal has aborted, before its process is killed, in milliseconds. Default 2 seconds. */
  readonly graceMs?: number;
  /** Queues that this node takes jobs from. Default `default` alone. */
  readonly queues?: readonly string[];
  /** See `ConsumeOptions.visibilityMs`. Default 10 seconds. */
  readonly visibilityMs?: number;
  /** Defaults of requests. */
  readonly attempts?: number;
  readonly backoff?: Partial<Backoff>;
  readonly maxRunMs?: number;
  /** For how long the node of a job that has ended is kept, in milliseconds. Default a day. */
  readonly keepMs?: number;
  readonly logger: Logger;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Submits jobs, and runs those of this node's queues. */
export interface Jobs {
  /** Resolves once the job is stored; it then runs at least once unless it is cancelled. Throws `invalid-data`. */
  submit(request: JobRequest): Promise<{ readonly id: string; readonly duplicate: boolean }>;
  /** Null if there is none of that id, or it ended longer ago than such nodes are kept. */
  status(id: string): Promise<JobStatus | null>;
  /** The newest first, among the last 10,000 that were submitted. Quick with an index on `submittedAt`; without, it reads over all nodes. */
  list(filter: { readonly state?: JobState; readonly queue?: string; readonly limit: number }): Promise<JobStatus[]>;
  /** A job that waits is never run; one that runs is told by its signal, and killed if it does not end. False if it has ended or is not known. */
  cancel(id: string): Promise<boolean>;
  dead(queue: string, limit: number): Promise<DeadLetter[]>;
  retryDead(queue: string, id: string): Promise<boolean>;
  dropDead(queue: string, id: string): Promise<boolean>;
  counts(queue: string): Promise<QueueCounts>;
  /** Takes no more jobs and resolves once those under way have ended; those that need longer than `withinMs` are given back to the queue. */
  drain(withinMs: number): Promise<void>;
  /** Drains with little patience and ends the worker processes. Leaves queue and databases to their owner. */
  close(): Promise<void>;
}
