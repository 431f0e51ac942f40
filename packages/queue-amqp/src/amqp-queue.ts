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
import type { Channel, GetMessage } from 'amqplib';
import { AmqpConsumer } from './amqp-consumer.js';
import { AmqpLine } from './amqp-line.js';
import { FRESH, type Headers, headersOf, jobOf, letterOf } from './kept-job.js';
import { deadQueue, delayQueue, delayStep, mainQueue } from './names.js';

/** Dead letters that a search for one looks through. */
const MAX_SEARCH = 10_000;

export interface AmqpQueueOptions {
  /** `amqp://user:password@host[:port][/vhost]`, or `amqps://`. */
  readonly url: string;
  /** Before the name of each queue of the broker. Default `backside`. */
  readonly prefix?: string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Queues in RabbitMQ (3.10 or later): quorum queues, confirmed publishing, and acknowledgement once an outcome is stored. Delayed jobs wait in
 * queues whose messages expire into the main one. The broker itself notices dead consumers: at once when a process dies, by
 * heart-beats within 20 seconds when a machine does. It keeps no ids and finds no job that waits.
 */
export function createAmqpQueue(options: AmqpQueueOptions): Queue {
  return new AmqpQueue(options);
}

class AmqpQueue implements Queue {
  readonly supports: QueueSupports = {
    unique: false,
    remove: false,
    visibility: false,
    uncounted: true,
    durable: true,
    counts: false,
  };
  readonly #options: AmqpQueueOptions;
  readonly #prefix: string;
  readonly #line: AmqpLine;
  readonly #consumers = new Map<string, Set<AmqpConsumer>>();

  constructor(options: AmqpQueueOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? 'backside';
    this.#line = new AmqpLine(options);
  }

  async submit(job: NewJob): Promise<Submission> {
    await this.#publish(job.queue, JSON.stringify(job), { ...FRESH, dueAt: job.startAt ?? 0 });
    return { id: job.id, duplicate: false };
  }

  consume(options: ConsumeOptions): Consumer {
    const { logger, now } = this.#options;
    const publish = (queue: string, content: string, headers: Headers): Promise<void> =>
      this.#publish(queue, content, headers);
    const consumer = new AmqpConsumer({ ...options, logger, now, publish, line: this.#line, prefix: this.#prefix });
    const all = this.#consumers.get(options.queue) ?? new Set();
    this.#consumers.set(options.queue, all.add(consumer));
    return {
      close: async () => {
        await consumer.close();
        all.delete(consumer);
      },
    };
  }

  async remove(): Promise<boolean> {
    throw new BacksideError('unavailable', 'RabbitMQ cannot find a job that waits');
  }

  /** While one looks, others see no dead letters: they are taken and put back. */
  dead(queue: string, limit: number): Promise<DeadLetter[]> {
    return this.#line.withChannel(deadQueue(this.#prefix, queue), async (channel) => {
      const letters: DeadLetter[] = [];
      for await (const message of taken(channel, deadQueue(this.#prefix, queue).name, limit)) {
        const letter = letterOf(message);
        if (letter !== null) letters.push(letter);
      }
      return letters;
    });
  }

  retryDead(queue: string, id: string): Promise<boolean> {
    return this.#takeDead(queue, id, (message) =>
      this.#publish(queue, message.content.toString(), { ...FRESH, error: headersOf(message).error }),
    );
  }

  dropDead(queue: string, id: string): Promise<boolean> {
    return this.#takeDead(queue, id, async () => {});
  }

  async counts(queue: string): Promise<QueueCounts> {
    const [waiting, dead] = await Promise.all([
      this.#line.count(mainQueue(this.#prefix, queue)),
      this.#line.count(deadQueue(this.#prefix, queue)),
    ]);
    const running = [...(this.#consumers.get(queue) ?? [])].reduce((sum, consumer) => sum + consumer.running, 0);
    return { waiting, running, dead };
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** Stores a job where it comes from at its time, or from where it is sent on towards it. */
  #publish(queue: string, content: string, headers: Headers): Promise<void> {
    const delayMs = delayStep(headers.dueAt - this.#options.now());
    const place = delayMs > 0 ? delayQueue(this.#prefix, queue, delayMs) : mainQueue(this.#prefix, queue);
    return this.#line.publish(place, { content, headers });
  }

  #takeDead(queue: string, id: string, first: (message: GetMessage) => Promise<void>): Promise<boolean> {
    const { name } = deadQueue(this.#prefix, queue);
    return this.#line.withChannel(deadQueue(this.#prefix, queue), async (channel) => {
      for await (const message of taken(channel, name, MAX_SEARCH)) {
        if (jobOf(message)?.id !== id) continue;
        await first(message);
        channel.ack(message);
        return true;
      }
      return false;
    });
  }
}

/** Takes messages of a queue one by one. Those that are not acknowledged go back when the channel is closed. */
async function* taken(channel: Channel, queue: string, limit: number): AsyncGenerator<GetMessage> {
  for (let count = 0; count < limit; count += 1) {
    const message = await channel.get(queue);
    if (message === false) return;
    yield message;
  }
}
