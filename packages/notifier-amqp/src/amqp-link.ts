import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  type BrokerLink,
  type BrokerTls,
  type LinkEvents,
  type LinkRequest,
  type OpenLink,
  wordOf,
} from '@backside/notifier/broker';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';

/** What the broker keeps for one node, at most. */
export interface QueueLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export interface AmqpLinkOptions {
  readonly exchange: string;
  readonly nodeId: string;
  readonly queue: QueueLimits;
  readonly tls: BrokerTls;
}

/** A node is told no sooner again that its queue overflowed. */
const TELL_MISSED_MS = 100;

/** How long the broker may take to answer a good-bye, in milliseconds. */
const GOODBYE_MS = 1_000;

const QUEUE_GONE = 'the broker deleted the queue of this node';

/** Opens links of one connection and one channel each: a topic exchange that all nodes share and a queue of the node's own. */
export function openAmqpLink(options: AmqpLinkOptions): OpenLink {
  return async (request) => {
    const connection = await connect(withHeartbeat(request.server), {
      ...options.tls,
      timeout: request.withinMs,
      noDelay: true,
      clientProperties: { connection_name: `backside ${options.nodeId}` },
    });
    const lost = (error?: Error): void => request.events.lost(error ?? new Error('the connection was closed'));
    connection.on('error', lost);
    connection.on('close', lost);
    connection.on('blocked', () => request.events.blocked(true));
    connection.on('unblocked', () => request.events.blocked(false));
    const abandon = (): void => destroy(connection);
    try {
      request.signal.throwIfAborted();
      request.signal.addEventListener('abort', abandon, { once: true });
      return await AmqpLink.open(connection, options, request);
    } catch (error) {
      destroy(connection);
      throw error;
    } finally {
      request.signal.removeEventListener('abort', abandon);
    }
  };
}

/** The broker lets go of the queue of a node that it has not heard of for twice as many seconds. */
function withHeartbeat(url: string): string {
  return /[?&]heartbeat=/.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}heartbeat=10`;
}

class AmqpLink implements BrokerLink {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #options: AmqpLinkOptions;
  readonly #queue: string;
  #blocked = false;
  #acknowledging: NodeJS.Timeout | undefined;

  private constructor(connection: ChannelModel, channel: ConfirmChannel, options: AmqpLinkOptions) {
    this.#connection = connection;
    this.#channel = channel;
    this.#options = options;
    this.#queue = `${options.exchange}.${wordOf(options.nodeId)}.${randomUUID()}`;
    connection.on('blocked', () => {
      this.#blocked = true;
    });
    connection.on('unblocked', () => {
      this.#blocked = false;
    });
  }

  static async open(connection: ChannelModel, options: AmqpLinkOptions, { events }: LinkRequest): Promise<AmqpLink> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', events.lost);
    channel.on('close', () => events.lost(new Error('the channel was closed')));
    const link = new AmqpLink(connection, channel, options);
    channel.on('close', () => clearTimeout(link.#acknowledging));
    await link.#declare(events);
    return link;
  }

  get serverVersion(): string {
    const { product, version } = this.#connection.connection.serverProperties;
    return `${product} ${version}`;
  }

  async send(topic: string, message: Uint8Array): Promise<void> {
    const content = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    await new Promise<void>((resolve, reject) => {
      this.#channel.publish(this.#options.exchange, topic, content, {}, (error: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error('the broker refused a message'));
      });
    });
  }

  async subscribe(topic: string): Promise<void> {
    await this.#channel.bindQueue(this.#queue, this.#options.exchange, topic);
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#channel.unbindQueue(this.#queue, this.#options.exchange, topic);
  }

  async check(): Promise<void> {
    // A broker that is short of memory or disk reads nothing from those who publish; its heart-beats go on.
    if (!this.#blocked) await this.#channel.checkExchange(this.#options.exchange);
  }

  async close(): Promise<void> {
    clearTimeout(this.#acknowledging);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    try {
      await Promise.race([this.#connection.close(), late]);
    } finally {
      clearTimeout(timer);
      destroy(this.#connection);
    }
  }

  /**
   * What overflows from the node's queue goes to a second one, of a single message, whose arrival tells that something was lost: so it is known
   * also for a database that nothing more is published to.
   */
  async #declare(events: LinkEvents): Promise<void> {
    const { exchange, queue } = this.#options;
    const overflow = `${this.#queue}.overflow`;
    const own = { exclusive: true, autoDelete: true, durable: false };
    await this.#channel.assertExchange(exchange, 'topic', { durable: true });
    await this.#channel.assertQueue(overflow, { ...own, maxLength: 1 });
    await this.#channel.assertQueue(this.#queue, {
      ...own,
      maxLength: queue.maxMessages,
      deadLetterExchange: '',
      deadLetterRoutingKey: overflow,
      arguments: { 'x-max-length-bytes': queue.maxBytes, 'x-overflow': 'drop-head' },
    });
    // Only the second queue's messages are acknowledged; one that waits for that keeps further ones away.
    await this.#channel.prefetch(1);
    await this.#channel.consume(overflow, (message) => this.#overflowed(message, events));
    await this.#channel.consume(this.#queue, (message) => received(message, events), { noAck: true });
  }

  #overflowed(message: ConsumeMessage | null, events: LinkEvents): void {
    if (message === null) {
      events.lost(new Error(QUEUE_GONE));
      return;
    }
    events.missed();
    this.#acknowledging = setTimeout(() => this.#channel.ack(message), TELL_MISSED_MS);
  }
}

/**
 * The library waits for the other end, also if there is none any more: this does not. It takes notice of a socket that ends for a
 * reason only, and then lets go of its channels and timers.
 */
function destroy({ connection }: ChannelModel): void {
  (connection as unknown as { readonly stream: Socket }).stream.destroy(new Error('the link was given up'));
}

function received(message: ConsumeMessage | null, events: LinkEvents): void {
  if (message === null) events.lost(new Error(QUEUE_GONE));
  else events.message(message.fields.routingKey, message.content);
}
