import type { DeadLetter, NewJob } from '@backside/jobs';
import type { ConsumeMessage, GetMessage } from 'amqplib';

/** What goes with a job beside the job itself. */
export interface Headers {
  /** Deliveries before it was published this time. */
  readonly attempts: number;
  /** Not before this time, in milliseconds since the epoch; 0: at once. */
  readonly dueAt: number;
  /** Of the last failure. */
  readonly error: string;
  /** Of a dead letter: since when it is one. */
  readonly deadAt: number;
}

export const FRESH: Headers = { attempts: 0, dueAt: 0, error: '', deadAt: 0 };

export function headersOf({ properties }: ConsumeMessage | GetMessage): Headers {
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {};
  return {
    attempts: Number(headers.attempts ?? 0),
    dueAt: Number(headers.dueAt ?? 0),
    error: String(headers.error ?? ''),
    deadAt: Number(headers.deadAt ?? 0),
  };
}

/** Which delivery this is, those included that ended with the death of a worker. */
export function attemptOf(message: ConsumeMessage): number {
  const again: unknown = message.properties.headers?.['x-delivery-count'];
  return headersOf(message).attempts + Number(again ?? 0) + 1;
}

/** Null for a message that holds none: whoever reaches the broker may have put it there. */
export function jobOf({ content }: ConsumeMessage | GetMessage): NewJob | null {
  try {
    const job = Object(JSON.parse(content.toString())) as Partial<NewJob>;
    const isJob = typeof job.id === 'string' && typeof job.name === 'string' && typeof job.options === 'object';
    return isJob ? (job as NewJob) : null;
  } catch {
    return null; // No JSON: that is the answer.
  }
}

/** Null for a message that holds no job. */
export function letterOf(message: GetMessage): DeadLetter | null {
  const job = jobOf(message);
  const { attempts, error, deadAt } = headersOf(message);
  return job === null ? null : { job, attempts, error, at: deadAt };
}
