import type { Json } from '@backside/tree';

/** A job as it is handed to a queue. */
export interface NewJob {
  /** `[A-Za-z0-9_-]`, at most 128 characters: unique over all queues. */
  readonly id: string;
  /** Which queue it waits in; form as the id. */
  readonly queue: string;
  /** What to run, for whoever runs it; the queue only keeps it. */
  readonly name: string;
  readonly data: Json;
  /** Not before this time, in milliseconds since the epoch. Null: at once. */
  readonly startAt: number | null;
  /** While a job of this queue with this key waits or runs, no second one is taken. */
  readonly uniqueKey: string | null;
  /** What the submitter wants remembered about it, e.g. how often to try; the queue only keeps it. */
  readonly options: JobOptions;
}

/** How a job is run. */
export interface JobOptions {
  /** Deliveries at most, those included that ended with the death of a worker. At least 1. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** A run is ended by force after this many milliseconds. */
  readonly maxRunMs: number;
  /** Shown at the job's node. */
  readonly tag?: string;
}

/** The pause before the next attempt. */
export interface Backoff {
  readonly kind: 'fixed' | 'exponential';
  /** Before the second attempt, in milliseconds. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** From 0 (none) to 1: the share of each pause that is left to chance, so that jobs that failed together do not come back together. */
  readonly jitter: number;
}

/** What became of a submission. */
export interface Submission {
  readonly id: string;
  /** The queue already had a job of this id or unique key, whose id is `id`; nothing was added. */
  readonly duplicate: boolean;
}

/** One job, given to one consumer. */
export interface Delivery {
  readonly job: NewJob;
  /** 1 for the first delivery. Counts deliveries that ended with a crash as well. */
  readonly attempt: number;
  /**
   * Aborts when the consumer can no longer be sure that the job is its own: another one may be given it from now on, and an outcome is
   * not taken any more.
   */
  readonly lost: AbortSignal;
}

/** What a consumer makes of a delivery. */
export type Outcome =
  /** Done: it never comes again. */
  | { readonly kind: 'done' }
  /** Comes again after a pause, as the next attempt. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly error: string }
  /** Comes again at once, to anybody; the consumer gives it back without having tried, and no attempt is counted where `supports.uncounted`. */
  | { readonly kind: 'release' }
  /** Moved to the dead letters. */
  | { readonly kind: 'dead'; readonly error: string };

export interface ConsumeOptions {
  readonly queue: string;
  /** Deliveries under way at most. */
  readonly concurrency: number;
  /**
   * How long a job stays invisible to others after its consumer was last known to live, in milliseconds. A living consumer keeps
   * its jobs for as long as it needs; where `supports.visibility` is false the broker notices a death by itself.
   */
  readonly visibilityMs: number;
  /** Must not throw: a failure is an outcome. */
  readonly handle: (delivery: Delivery) => Promise<Outcome>;
}

export interface Consumer {
  /** Takes no more; resolves once the outcomes of all deliveries under way are stored. */
  close(): Promise<void>;
}

/** A job that failed for good. */
export interface DeadLetter {
  readonly job: NewJob;
  readonly attempts: number;
  readonly error: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Jobs of one queue now. */
export interface QueueCounts {
  /** Those whose time has not come included. */
  readonly waiting: number;
  readonly running: number;
  readonly dead: number;
}

/** Honest differences between drivers. */
export interface QueueSupports {
  /** `uniqueKey` is kept, and an id that was submitted before is noticed, also after the job is done (for a day at least). */
  readonly unique: boolean;
  /** `remove` works. */
  readonly remove: boolean;
  /** `visibilityMs` is what decides when a silent consumer's jobs go to others. */
  readonly visibility: boolean;
  /** `release` counts no attempt. */
  readonly uncounted: boolean;
  /** `counts` is exact; else jobs that run in other processes, or whose time has not come, may be left out. */
  readonly counts: boolean;
  /** Jobs survive the death of whatever keeps them (as far as that was set up to). */
  readonly durable: boolean;
}

/**
 * Jobs that wait for somebody to run them.
 *
 * Delivery is at least once: a job whose `submit` was acknowledged is delivered again and again until an outcome `done` or `dead` is
 * stored, through the death of consumers at any moment. It is not at most once: a consumer that was cut off may still run it while
 * another one has it already, and is told by `Delivery.lost`. Jobs of a queue come roughly in the order of their `startAt`; nothing
 * rests on that order. All methods reject with `unavailable` while the queue is out of reach.
 */
export interface Queue {
  readonly supports: QueueSupports;

  /**
   * Adds a job; resolves once it is stored as safely as the queue stores anything. After `unavailable` it may or may not have been
   * stored: submitting again with the same id is safe where `supports.unique`.
   */
  submit(job: NewJob): Promise<Submission>;

  /** Starts taking jobs. Outages are waited out. */
  consume(options: ConsumeOptions): Consumer;

  /** Takes a job back that waits; false if it runs, has ended, or is not known. Rejects with `unavailable` where it is not supported. */
  remove(queue: string, id: string): Promise<boolean>;

  /** The dead letters, oldest first, `limit` at most. */
  dead(queue: string, limit: number): Promise<DeadLetter[]>;

  /** Gives a dead job its full number of attempts again; false if there is none of that id. */
  retryDead(queue: string, id: string): Promise<boolean>;

  /** Forgets a dead job; false if there is none of that id. */
  dropDead(queue: string, id: string): Promise<boolean>;

  counts(queue: string): Promise<QueueCounts>;

  /** Closes what the driver opened; consumers must be closed before. */
  close(): Promise<void>;
}
