import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, vi } from 'vitest';
import type { ConsumeOptions, Consumer, Delivery, NewJob, Outcome, Queue } from '../queue.js';

/** One process that uses the queue. */
export interface QueueClient {
  readonly queue: Queue;
  /** Cuts it off from whatever keeps the jobs, for ever, as a crash would: nothing that it does arrives from now on. */
  cut(): void | Promise<void>;
  /** Breaks its connections once. Left out where there are none. */
  breakConnections?(): void;
}

/** What a driver gives the suite. */
export interface QueueFixture {
  /** Another process over the same jobs. */
  client(): Promise<QueueClient>;
  end(): Promise<void>;
}

/** What the cases are about. */
export interface Subject {
  readonly fixture: QueueFixture;
  /** Of one process, for as long as the suite runs. */
  readonly queue: Queue;
}

export const SOON = { timeout: 20_000, interval: 10 };
export const DONE: Outcome = { kind: 'done' };
/** As short as a slow machine allows: a living consumer beats three times within. */
export const VISIBILITY_MS = 1_500;

export function newJob(fields: Partial<NewJob> = {}): NewJob {
  return {
    id: `job-${randomUUID()}`,
    queue: `q-${randomUUID()}`,
    name: 'some.work',
    data: null,
    startAt: null,
    uniqueKey: null,
    options: { attempts: 3, maxRunMs: 60_000, backoff: { kind: 'fixed', delayMs: 10, maxDelayMs: 10, jitter: 0 } },
    ...fields,
  };
}

/** Another process, until the test is over. */
export async function client(fixture: QueueFixture): Promise<QueueClient> {
  const opened = await fixture.client();
  onTestFinished(() => opened.queue.close());
  return opened;
}

/** Consumes until the test is over, and records what comes. */
export function consume(
  queue: Queue,
  name: string,
  handle: ConsumeOptions['handle'] = async () => DONE,
  concurrency = 2,
): { heard: Delivery[]; consumer: Consumer } {
  const heard: Delivery[] = [];
  const consumer = queue.consume({
    queue: name,
    concurrency,
    visibilityMs: VISIBILITY_MS,
    handle: (delivery) => {
      heard.push(delivery);
      return handle(delivery);
    },
  });
  onTestFinished(() => consumer.close());
  return { heard, consumer };
}

export async function finishSlowly(): Promise<Outcome> {
  await new Promise((resolve) => setTimeout(resolve, 15));
  return DONE;
}

/** Waits until nothing waits or runs. */
export async function settled(queue: Queue, name: string): Promise<void> {
  await vi.waitFor(async () => {
    const { waiting, running } = await queue.counts(name);
    expect(waiting + running).toBe(0);
  }, SOON);
}
