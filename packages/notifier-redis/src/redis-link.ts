import { once } from 'node:events';
import type { BrokerLink, BrokerTls, LinkEvents, LinkRequest, OpenLink } from '@backside/notifier/broker';
import { Redis } from 'ioredis';
import { isAmongMost } from './cluster-view.js';
import { type RedisAddress, redisAddress } from './redis-address.js';

export interface RedisLinkOptions {
  readonly url: string;
  readonly nodeId: string;
  readonly tls: BrokerTls;
}

/**
 * Opens links of two connections to one server: one that publishes and one that listens. In a Cluster it is any node, since
 * the nodes pass on among themselves whatever is published.
 */
export function openRedisLink({ url, nodeId, tls }: RedisLinkOptions): OpenLink {
  const usesSentinels = url.includes('+sentinel:');
  return async ({ server, ...request }) => {
    const address = { ...redisAddress(usesSentinels ? url : server, tls), connectionName: nameOf(nodeId) };
    return RedisLink.open(address, request);
  };
}

/** Redis takes no spaces or line ends in the name of a connection. */
function nameOf(nodeId: string): string {
  return `backside:${encodeURIComponent(nodeId).slice(0, 100)}`;
}

class RedisLink implements BrokerLink {
  readonly serverVersion: string;
  readonly #publisher: Redis;
  readonly #listener: Redis;
  readonly #isCluster: boolean;

  private constructor(publisher: Redis, listener: Redis, info: string) {
    this.#publisher = publisher;
    this.#listener = listener;
    this.#isCluster = fieldOf(info, 'redis_mode') === 'cluster';
    this.serverVersion = `Redis ${fieldOf(info, 'redis_version') ?? 'of an unknown version'}`;
  }

  static async open(address: RedisAddress, request: Omit<LinkRequest, 'server'>): Promise<RedisLink> {
    const [publisher, listener] = [connectionTo(address, request), connectionTo(address, request)];
    const release = (): void => {
      for (const connection of [publisher, listener]) disconnect(connection);
    };
    request.signal.addEventListener('abort', release, { once: true });
    try {
      await Promise.all([publisher.connect(), listener.connect()]);
      const link = new RedisLink(publisher, listener, (await unlessForbidden(publisher.info('server'))) ?? '');
      await link.check();
      listener.on('messageBuffer', (channel: Buffer, message: Buffer) =>
        request.events.message(channel.toString(), message),
      );
      return link;
    } catch (error) {
      release();
      throw error;
    }
  }

  async send(topic: string, message: Uint8Array): Promise<void> {
    await this.#publisher.publish(topic, Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  }

  async subscribe(topic: string): Promise<void> {
    await this.#listener.subscribe(topic);
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#listener.unsubscribe(topic);
  }

  async check(): Promise<void> {
    await Promise.all([
      this.#listener.ping(),
      this.#publisher.ping(),
      this.#isCluster ? this.#checkCluster() : this.#checkRole(),
    ]);
  }

  async close(): Promise<void> {
    const connections = [this.#publisher, this.#listener].filter(({ status }) => status !== 'end');
    const ended = connections.map((connection) => once(connection, 'end'));
    for (const connection of connections) disconnect(connection);
    await Promise.all(ended);
  }

  async #checkCluster(): Promise<void> {
    const nodes = await unlessForbidden(this.#publisher.cluster('NODES'));
    if (nodes !== null && !isAmongMost(String(nodes))) throw new Error('this node of the Cluster has lost the others');
  }

  /** What is told a replica does not reach its master. */
  async #checkRole(): Promise<void> {
    const role = (await unlessForbidden(this.#publisher.role()))?.[0];
    if (role !== undefined && role !== 'master') throw new Error(`the server is not a master but a ${String(role)}`);
  }
}

/** One connection that is never repaired by the library: it would subscribe again without telling what was missed. */
function connectionTo(address: RedisAddress, { events, withinMs }: { events: LinkEvents; withinMs: number }): Redis {
  const connection = new Redis({
    ...address,
    protocol: 2,
    lazyConnect: true,
    connectTimeout: withinMs,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    reconnectOnError: () => false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    noDelay: true,
    enableReadyCheck: false,
  });
  connection.on('error', (error: Error) => events.lost(error));
  connection.on('end', () => events.lost(new Error('the connection was closed')));
  return connection;
}

/** Ends a connection in whatever state it is. */
function disconnect(connection: Redis): void {
  // The library listens for a socket's first error only. One that is given up during its TLS handshake has two, and the second
  // would end the process.
  const socket: Redis['stream'] | undefined = connection.stream;
  socket?.on('error', isGivenUp);
  connection.disconnect();
}

function isGivenUp(): void {}

/** What a command answers; null if this user may not use it, or the server does not have it: then nobody can know. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (/^(NOPERM|ERR unknown)/.test((error as Error).message)) return null;
    throw error;
  }
}

/** The value of a line `name:value` of what INFO prints. */
function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}
