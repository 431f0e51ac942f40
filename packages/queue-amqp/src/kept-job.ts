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

export function jobOf({ content }: ConsumeMessage | GetMessage): NewJob {
  return JSON.parse(content.toString()) as NewJob;
}

export function letterOf(message: GetMessage): DeadLetter {
  const { attempts, error, deadAt } = headersOf(message);
  return { job: jobOf(message), attempts, error, at: deadAt };
}
