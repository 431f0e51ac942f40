import type { BrokerLink, BrokerTls, LinkEvents, LinkRequest, OpenLink } from '@backside/notifier/broker';
import { connect, type NatsConnection, type NodeConnectionOptions, type Subscription } from '@nats-io/transport-node';

export interface NatsLinkOptions {
  readonly nodeId: string;
  readonly tls: BrokerTls;
  /** Whether the server sends back what this link sent. */
  readonly hearsItself: boolean;
}

/** Opens links of one connection. The library is told not to repair it: it would not tell what was missed. */
export function openNatsLink({ nodeId, tls, hearsItself }: NatsLinkOptions): OpenLink {
  return async ({ server, signal, withinMs, events }: LinkRequest) => {
    const connection = await connect({
      ...natsAddress(server, tls),
      name: `backside ${nodeId}`,
      noEcho: !hearsItself,
      reconnect: false,
      timeout: withinMs,
    });
    if (signal.aborted) {
      await connection.close();
      signal.throwIfAborted();
    }
    return new NatsLink(connection, events);
  };
}

/** `nats://` or `tls://`, with `user:password@`, or `token@`. */
function natsAddress(server: string, tls: BrokerTls): NodeConnectionOptions {
  const { protocol, host, username, password } = new URL(server);
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return {
    servers: host,
    ...(protocol === 'tls:' && { tls }),
    ...(user !== '' && (password === '' ? { token: user } : { user, pass })),
  };
}

class NatsLink implements BrokerLink {
  readonly #connection: NatsConnection;
  readonly #events: LinkEvents;
  readonly #subscriptions = new Map<string, Subscription>();
  #flushing: Promise<void> | null = null;

  constructor(connection: NatsConnection, events: LinkEvents) {
    this.#connection = connection;
    this.#events = events;
    void connection.closed().then((error) => events.lost(error ?? new Error('the connection was closed')));
    void this.#watch();
  }

  get serverVersion(): string {
    return `NATS ${this.#connection.info?.version ?? 'of an unknown version'}`;
  }

  get maxMessageBytes(): number {
    return this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  async send(topic: string, message: Uint8Array): Promise<void> {
    this.#connection.publish(topic, message);
    await this.#flush();
  }

  async subscribe(topic: string): Promise<void> {
    const callback = (error: Error | null, message: { readonly data: Uint8Array }): void => {
      if (error === null) this.#events.message(topic, message.data);
      else this.#events.lost(error);
    };
    this.#subscriptions.set(topic, this.#connection.subscribe(topic, { callback }));
    await this.#connection.flush();
  }

  async unsubscribe(topic: string): Promise<void> {
    this.#subscriptions.get(topic)?.unsubscribe();
    this.#subscriptions.delete(topic);
  }

  async check(): Promise<void> {
    await this.#connection.flush();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** NATS confirms nothing; but an answer to a ping proves that it has had whatever was sent before. One ping serves all of a turn. */
  #flush(): Promise<void> {
    this.#flushing ??= new Promise(setImmediate).then(() => {
      this.#flushing = null;
      return this.#connection.flush();
    });
    return this.#flushing;
  }

  /** The server may refuse to have something published without closing the connection. */
  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'error') this.#events.lost(status.error);
      if (status.type === 'slowConsumer') this.#events.missed();
    }
  }
}
