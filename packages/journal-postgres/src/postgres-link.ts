import { createHash } from 'node:crypto';
import type { BrokerLink, LinkRequest, OpenLink } from '@backside/notifier/broker';
import pg from 'pg';
import { settings } from './connections.js';

/** A notification carries less than 8,000 bytes of text, which is how four characters stand for three bytes of ours. */
const MAX_MESSAGE_BYTES: number = Math.floor(7_999 / 4) * 3;

export interface PostgresLinkOptions {
  readonly url: string;
  readonly nodeId: string;
}

/** Opens links of one connection each, which both notifies and listens. */
export function openPostgresLink({ nodeId }: PostgresLinkOptions): OpenLink {
  return ({ server, ...request }) => PostgresLink.open(server, nodeId, request);
}

class PostgresLink implements BrokerLink {
  readonly serverVersion: string;
  readonly maxMessageBytes: number = MAX_MESSAGE_BYTES;
  readonly #client: pg.Client;
  /** The topics that are listened to, by the channels that stand for them. */
  readonly #topics: Map<string, string> = new Map();
  /** A connection takes one request at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #notifications = new Notifications();

  private constructor(client: pg.Client, version: string) {
    this.#client = client;
    this.serverVersion = `PostgreSQL ${version}`;
  }

  static async open(
    url: string,
    nodeId: string,
    { events, signal, withinMs }: Omit<LinkRequest, 'server'>,
  ): Promise<PostgresLink> {
    const client = new pg.Client({
      ...settings({ url }),
      application_name: `backside notifier ${nodeId}`.slice(0, 63),
      connectionTimeoutMillis: withinMs,
    });
    client.on('error', (error) => events.lost(error));
    client.on('end', () => events.lost(new Error('the connection was closed')));
    signal.addEventListener('abort', () => void client.end(), { once: true });
    try {
      await client.connect();
      // A notification is written like a commit, and need not wait for the disk as one does.
      await client.query('set synchronous_commit = off');
      const { rows } = await client.query<{ server_version: string }>('show server_version');
      const link = new PostgresLink(client, rows[0]!.server_version);
      await link.check();
      client.on('notification', ({ channel, payload = '' }) => {
        const topic = link.#topics.get(channel);
        if (topic !== undefined) events.message(topic, Buffer.from(payload, 'base64'));
      });
      return link;
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  /** What is to be sent while a request is under way goes together with the next one. */
  async send(topic: string, message: Uint8Array): Promise<void> {
    const payload = Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('base64');
    const next = this.#notifications;
    next.channels.push(channelOf(topic));
    next.payloads.push(payload);
    next.sent ??= this.#inTurn(() => {
      this.#notifications = new Notifications();
      return this.#client.query({ name: 'notify', text: NOTIFY, values: [next.channels, next.payloads] });
    });
    await next.sent;
  }

  async subscribe(topic: string): Promise<void> {
    this.#topics.set(channelOf(topic), topic);
    await this.#ask(`listen "${channelOf(topic)}"`);
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#ask(`unlisten "${channelOf(topic)}"`);
  }

  /** A standby takes no notifications. */
  async check(): Promise<void> {
    const { rows } = await this.#ask('select pg_is_in_recovery() as standby');
    if (rows[0].standby) throw new Error('the server is a standby');
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  #ask(request: string): Promise<pg.QueryResult> {
    return this.#inTurn(() => this.#client.query(request));
  }

  #inTurn(ask: () => Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    const answer = this.#last.then(ask, ask);
    this.#last = answer;
    return answer;
  }
}

const NOTIFY = 'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as messages (channel, payload)';

/** Messages that are sent together, in this order. */
class Notifications {
  readonly channels: string[] = [];
  readonly payloads: string[] = [];
  sent: Promise<unknown> | null = null;
}

/** The name of a channel has 63 bytes at most. */
function channelOf(topic: string): string {
  return `backside_${createHash('sha256').update(topic).digest('hex').slice(0, 48)}`;
}
