import type { NewJob } from '@backside/jobs';
import type { Job } from 'bullmq';

/** What Redis keeps of a job. */
export interface Kept {
  /** The job as JSON text. */
  readonly job: string;
  /** Which submission it came with. */
  readonly nonce: string;
  /** Deliveries that were given back without a try. */
  readonly uncounted: number;
}

/** BullMQ takes no ids that are numbers. */
export function bullId(id: string): string {
  return `j-${id}`;
}

export function jobOf(job: Job<Kept>): NewJob {
  return JSON.parse(job.data.job) as NewJob;
}

/** Deliveries so far that count. */
export function attemptOf({ attemptsStarted, data }: Job<Kept>): number {
  return attemptsStarted - data.uncounted;
}
