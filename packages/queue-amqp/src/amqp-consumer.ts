import type { ConsumeOptions, Consumer, NewJob, Outcome } from '@backside/jobs';
import { BacksideError, type Logger } from '@backside/protocol';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { AmqpLine } from './amqp-line.js';
import { attemptOf, FRESH, type Headers, headersOf, jobOf } from './kept-job.js';
import { type BrokerQueue, deadQueue, mainQueue } from './names.js';

/** A job that is early by less is kept here for so long rather than sent round once more, in milliseconds. */
const KEEP_EARLY_MS = 16;
/** Newer brokers take back what is not acknowledged for half an hour unless a consumer asks for more. */
const LONGEST_RUN_MS = 2 ** 31 - 1;
const AGAIN_MS = 500;

export interface AmqpConsumerOptions extends ConsumeOptions {
  readonly line: AmqpLine;
  readonly prefix: string;
  readonly logger: Logger;
  readonly now: () => number;
  /** Stores a job that is to come at `headers.dueAt`. */
  readonly publish: (queue: string, content: string, headers: Headers) => Promise<void>;
}

/** Where a delivery came by. */
interface Carrier {
  readonly channel: Channel;
  readonly lost: AbortController;
}

/** Takes jobs of one queue, on each connection anew. A delivery is the consumer's until its channel breaks. */
export class AmqpConsumer implements Consumer {
  readonly #options: AmqpConsumerOptions;
  readonly #main: BrokerQueue;
  readonly #underWay = new Set<Promise<void>>();
  readonly #forget: () => void;
  #carrier: Carrier | null = null;
  #tag = '';
  #closing: Promise<void> | null = null;
  #reopening: NodeJS.Timeout | undefined;

  constructor(options: AmqpConsumerOptions) {
    this.#options = options;
    this.#main = mainQueue(options.prefix, options.queue);
    this.#forget = options.line.onConnection((connection) => void this.#open(connection));
  }

  /** Deliveries under way. */
  get running(): number {
    return this.#underWay.size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#forget();
    const carrier = this.#carrier;
    // A channel that breaks meanwhile takes no more either.
    if (carrier !== null && this.#tag !== '') await this.#quietly(() => carrier.channel.cancel(this.#tag));
    await Promise.all(this.#underWay);
    if (carrier !== null) await this.#quietly(() => carrier.channel.close());
  }

  async #open(connection: ChannelModel): Promise<void> {
    const lost = new AbortController();
    try {
      await this.#options.line.declare(this.#main);
      const channel = await connection.createChannel();
      if (this.#closing !== null) return await channel.close();
      const carrier: Carrier = { channel, lost };
      channel.on('error', (error) => this.#trouble(error));
      channel.on('close', () => {
        if (this.#carrier === carrier) this.#carrier = null;
        lost.abort(new BacksideError('unavailable', 'the job was given to another worker'));
        this.#reopen(connection);
      });
      await channel.prefetch(this.#options.concurrency);
      if (this.#closing !== null) return await channel.close();
      this.#carrier = carrier;
      const consumed = await channel.consume(this.#main.name, (message) => this.#receive(message, carrier), {
        arguments: { 'x-consumer-timeout': LONGEST_RUN_MS },
      });
      this.#tag = consumed.consumerTag;
    } catch (error) {
      this.#trouble(error);
      this.#reopen(connection);
    }
  }

  /** A channel may break on a connection that holds. */
  #reopen(connection: ChannelModel): void {
    clearTimeout(this.#reopening);
    this.#reopening = setTimeout(() => {
      const isUp = !(connection.connection as unknown as { stream: { destroyed: boolean } }).stream.destroyed;
      if (this.#closing === null && this.#carrier === null && isUp) void this.#open(connection);
    }, AGAIN_MS).unref();
  }

  #receive(message: ConsumeMessage | null, carrier: Carrier): void {
    // The broker has ended the subscription, e.g. since the queue was deleted: a closed channel begins anew.
    if (message === null) {
      void this.#quietly(() => carrier.channel.close());
      return;
    }
    const job = jobOf(message);
    if (job === null) {
      this.#drop(message, carrier);
      return;
    }
    const run = this.#deliver(message, job, carrier)
      .catch((error: unknown) => this.#trouble(error))
      .finally(() => this.#underWay.delete(run));
    this.#underWay.add(run);
  }

  /** What is no job would hold up those behind it for good. */
  #drop(message: ConsumeMessage, { channel }: Carrier): void {
    const { logger, queue } = this.#options;
    logger.error({ queue, bytes: message.content.length }, 'a message in a queue of RabbitMQ is no job; it is dropped');
    channel.reject(message, false);
  }

  async #deliver(message: ConsumeMessage, job: NewJob, { channel, lost }: Carrier): Promise<void> {
    const outcome = await this.#outcomeOf(message, job, lost.signal);
    while (!lost.signal.aborted) {
      try {
        await this.#store(message, outcome);
        if (!lost.signal.aborted) channel.ack(message);
        return;
      } catch (error) {
        this.#trouble(error);
        await pause(AGAIN_MS);
      }
    }
  }

  async #outcomeOf(message: ConsumeMessage, job: NewJob, lost: AbortSignal): Promise<Outcome | 'early'> {
    const { dueAt } = headersOf(message);
    const { now } = this.#options;
    if (dueAt - now() > KEEP_EARLY_MS) return 'early';
    while (dueAt > now()) await pause(dueAt - now()); // a timer may ring a millisecond before its time
    if (this.#closing !== null) return { kind: 'release' };
    return this.#options.handle({ job, attempt: attemptOf(message), lost });
  }

  /** Stores what is to come of the job before it is acknowledged: a crash between the two doubles it, and never loses it. */
  async #store(message: ConsumeMessage, outcome: Outcome | 'early'): Promise<void> {
    const { queue, prefix, publish, now, line } = this.#options;
    const content = message.content.toString();
    const attempts = attemptOf(message);
    if (outcome === 'early') {
      await publish(queue, content, { ...headersOf(message), attempts: attempts - 1 });
    } else if (outcome.kind === 'retry') {
      await publish(queue, content, { ...FRESH, attempts, error: outcome.error, dueAt: now() + outcome.delayMs });
    } else if (outcome.kind === 'release') {
      await publish(queue, content, { ...FRESH, attempts: attempts - 1 });
    } else if (outcome.kind === 'dead') {
      const headers: Headers = { ...FRESH, attempts, error: outcome.error, deadAt: now() };
      await line.publish(deadQueue(prefix, queue), { content, headers });
    }
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // It is broken already, which is as good as closed.
      this.#options.logger.debug({ err: error, queue: this.#options.queue }, 'a channel was closed already');
    }
  }

  #trouble(error: unknown): void {
    this.#options.logger.warn(
      { err: error, queue: this.#options.queue },
      'a consumer of a queue in RabbitMQ has trouble',
    );
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
