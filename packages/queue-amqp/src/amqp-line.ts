import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { BacksideError, type Logger } from '@backside/protocol';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import type { BrokerQueue } from './names.js';

const CONNECT_WITHIN_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** How long the broker may take to answer. */
const PATIENCE_MS = 5_000;
const GOODBYE_MS = 1_000;
/** A queue is declared again after so long: one that nobody uses may be deleted. */
const DECLARE_AGAIN_MS = 20_000;
/** Brokers drop the connection of one of two that declare a new queue at the same moment. */
const MAX_DECLARATIONS = 4;

export interface AmqpLineOptions {
  readonly url: string;
  readonly logger: Logger;
}

/** One connection, for as long as it holds. */
interface Held {
  readonly connection: ChannelModel;
  /** For everything that is published and declared. */
  readonly channel: ConfirmChannel;
  /** The queues that were declared over it, and when, by name. */
  readonly declared: Map<string, { readonly at: number; readonly done: Promise<unknown> }>;
}

/** Keeps a connection to the broker: one that breaks is made again, and whoever wants to know of each is told. */
export class AmqpLine {
  readonly #options: AmqpLineOptions;
  readonly #listeners = new Set<(connection: ChannelModel) => void>();
  #held: Held | null = null;
  #waiting: (() => void)[] = [];
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #connecting = false;
  #closed = false;

  constructor(options: AmqpLineOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Calls `opened` with the present connection, if there is one, and with each later one, until the returned function is called. */
  onConnection(opened: (connection: ChannelModel) => void): () => void {
    this.#listeners.add(opened);
    if (this.#held !== null) opened(this.#held.connection);
    return () => this.#listeners.delete(opened);
  }

  /** Stores a message in a queue; resolves once the broker has it safe. Rejects with `unavailable`. */
  publish(queue: BrokerQueue, message: { readonly content: string; readonly headers: object }): Promise<void> {
    return this.#reached(queue, async ({ channel }) => {
      await new Promise<void>((resolve, reject) => {
        const options = { persistent: true, contentType: 'application/json', headers: message.headers };
        channel.sendToQueue(queue.name, Buffer.from(message.content), options, (error: unknown) => {
          if (error === null || error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error('the broker refused a message'));
        });
      });
    });
  }

  /** Makes sure that a queue exists. Rejects with `unavailable`. */
  declare(queue: BrokerQueue): Promise<void> {
    return this.#reached(queue, async () => {});
  }

  /** Messages of a queue that nobody has been given. */
  count(queue: BrokerQueue): Promise<number> {
    return this.#reached(queue, async ({ channel }) => (await channel.checkQueue(queue.name)).messageCount);
  }

  /** Works with a queue over a channel of its own; what was taken and not acknowledged goes back. */
  withChannel<T>(queue: BrokerQueue, work: (channel: Channel) => Promise<T>): Promise<T> {
    return this.#reached(queue, async ({ connection }) => {
      const channel = await connection.createChannel();
      channel.on('error', (error) => this.#trouble(error));
      try {
        return await work(channel);
      } finally {
        await channel.close().catch((error: Error) => this.#trouble(error));
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const wake of this.#waiting.splice(0)) wake();
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    // What fails now is of no interest to anybody.
    await within(held.connection.close(), GOODBYE_MS).catch(() => {});
    destroy(held.connection);
  }

  async #reached<T>(queue: BrokerQueue, work: (held: Held) => Promise<T>): Promise<T> {
    try {
      const held = await this.#declared(queue);
      return await within(work(held), PATIENCE_MS);
    } catch (error) {
      throw new BacksideError('unavailable', 'RabbitMQ is out of reach', { cause: error });
    }
  }

  /** A connection over which the queue was declared lately. */
  async #declared(queue: BrokerQueue): Promise<Held> {
    for (let tries = 1; ; tries += 1) {
      const held = await this.#present();
      try {
        await within(declaration(held, queue), PATIENCE_MS);
        return held;
      } catch (error) {
        held.declared.delete(queue.name);
        if (tries === MAX_DECLARATIONS) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * FIRST_PAUSE_MS));
      }
    }
  }

  /** The present connection, or the next one if it comes soon. */
  async #present(): Promise<Held> {
    if (this.#held === null && !this.#closed) {
      const opened = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await within(opened, PATIENCE_MS);
    }
    if (this.#held === null) throw new Error('there is no connection');
    return this.#held;
  }

  async #connect(): Promise<void> {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    try {
      const connection = await connect(withHeartbeat(this.#options.url), { timeout: CONNECT_WITHIN_MS, noDelay: true });
      await this.#open(connection);
    } catch (error) {
      this.#trouble(error);
      this.#again();
    } finally {
      this.#connecting = false;
    }
  }

  async #open(connection: ChannelModel): Promise<void> {
    let isLost = false;
    const lost = (error?: unknown): void => {
      if (isLost) return;
      isLost = true;
      if (this.#held?.connection === connection) this.#held = null;
      if (!this.#closed) this.#trouble(error ?? new Error('the connection was closed'));
      destroy(connection);
      this.#again();
    };
    connection.on('error', lost);
    connection.on('close', lost);
    const channel = await connection.createConfirmChannel();
    channel.on('error', lost);
    channel.on('close', lost);
    if (this.#closed || isLost) return destroy(connection);
    this.#held = { connection, channel, declared: new Map() };
    this.#pauseMs = FIRST_PAUSE_MS;
    for (const wake of this.#waiting.splice(0)) wake();
    for (const opened of this.#listeners) opened(connection);
  }

  #again(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #trouble(error: unknown): void {
    this.#options.logger.warn({ err: error }, 'a queue has trouble with its connection to RabbitMQ');
  }
}

/** One declaration serves all who need the queue. */
function declaration({ channel, declared }: Held, { name, options }: BrokerQueue): Promise<unknown> {
  const last = declared.get(name);
  const now = performance.now();
  if (last !== undefined && now - last.at < DECLARE_AGAIN_MS) return last.done;
  const done = channel.assertQueue(name, options);
  declared.set(name, { at: now, done });
  return done;
}

/** The broker gives the jobs of a silent process to others after twice as many seconds. */
function withHeartbeat(url: string): string {
  return /[?&]heartbeat=/.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}heartbeat=10`;
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The library waits for the other end, also if there is none any more: this does not. */
function destroy({ connection }: ChannelModel): void {
  (connection as unknown as { readonly stream: Socket }).stream.destroy();
}
