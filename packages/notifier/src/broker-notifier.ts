import { randomBytes } from 'node:crypto';
import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import { Backlog, type Outgoing } from './backlog.js';
import { type BrokerLink, DEFAULT_TIMING, type LinkTiming, type OpenLink } from './broker-link.js';
import { LinkKeeper } from './link-keeper.js';
import { decodeNotice, encodeNotice, SENDER_BYTES } from './notice-codec.js';
import type { NoticeHandler, Notifier, NotifierState } from './notifier.js';
import { redactUrl, withoutSecrets } from './redaction.js';
import { serversOf } from './servers.js';
import { type Subscription, Subscriptions } from './subscriptions.js';
import { assertPrefix, broadcastTopicOf, topicOf } from './topics.js';
import { within } from './within.js';

/** PEM: authorities to trust instead of the usual ones, and a certificate of this node with its key. */
export interface BrokerTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What every driver over a broker takes. */
export interface BrokerOptions {
  /**
   * Where the broker is, with credentials if it wants any; they appear in no error and no log. Several servers of one cluster
   * are listed as `scheme://user:password@one:port,two:port`.
   */
  readonly url: string;
  /** Names this node to people who look at the broker. */
  readonly nodeId: string;
  readonly logger: Logger;
  /** Keeps clusters on one broker apart: letters, digits, hyphens, underscores. Default `backside`. */
  readonly prefix?: string;
  /** What may wait for the broker, or for its answer. Default 16 MiB. */
  readonly maxQueuedBytes?: number;
  /** The largest message; commits that are larger are only told of. Default 2 MiB. */
  readonly maxNoticeBytes?: number;
  readonly timing?: Partial<LinkTiming>;
  /** What a connection with TLS is made with beside what Node trusts anyway. */
  readonly tls?: BrokerTls;
}

export interface BrokerNotifierOptions extends BrokerOptions {
  readonly open: OpenLink;
}

export const DEFAULT_PREFIX = 'backside';
const DEFAULT_MAX_QUEUED_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_NOTICE_BYTES = 2 * 1024 * 1024;
const MAX_DATABASES = 10_000;
/** Messages that the broker has not answered yet, at most. What comes meanwhile is joined into the next ones. */
const MAX_UNDER_WAY = 32;
/** Once so many bytes are unanswered no further message is sent: what asks whether the link lives waits behind them. */
const MAX_BYTES_UNDER_WAY = 1024 * 1024;

/**
 * A notifier over any broker whose driver can open a link. Resolves once the first link is open; rejects with `unavailable` if there is none within
 * `timing.patienceMs`, with `invalid-data` if the prefix is not one.
 */
export async function createBrokerNotifier(options: BrokerNotifierOptions): Promise<Notifier> {
  assertPrefix(options.prefix ?? DEFAULT_PREFIX);
  const notifier = new BrokerNotifier(options);
  await notifier.start();
  return notifier;
}

class BrokerNotifier implements Notifier {
  readonly betweenNodes = true;
  readonly #options: BrokerNotifierOptions;
  readonly #timing: LinkTiming;
  readonly #prefix: string;
  readonly #maxNoticeBytes: number;
  readonly #sender = randomBytes(SENDER_BYTES);
  readonly #subscriptions = new Subscriptions();
  readonly #keeper: LinkKeeper;
  readonly #backlog: Backlog;
  #link: BrokerLink | null = null;
  #blocked = false;
  #underWay = 0;
  #hadLink = false;
  #closing: Promise<void> | null = null;
  #drained: () => void = () => {};

  constructor(options: BrokerNotifierOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#prefix = options.prefix ?? DEFAULT_PREFIX;
    this.#maxNoticeBytes = options.maxNoticeBytes ?? DEFAULT_MAX_NOTICE_BYTES;
    const maxBytes = options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
    this.#backlog = new Backlog({ maxBytes, maxDatabases: MAX_DATABASES });
    this.#keeper = this.#keep();
  }

  async start(): Promise<void> {
    try {
      await this.#keeper.start();
    } catch (error) {
      throw this.#unavailable('cannot be reached', error);
    }
  }

  get state(): NotifierState {
    return { up: this.#link !== null && !this.#blocked && this.#closing === null, dropped: this.#backlog.dropped };
  }

  publish(database: string, commits: readonly Commit[]): void {
    if (this.#closing !== null || commits.length === 0) return;
    this.#backlog.add(database, commits);
    this.#pump();
  }

  async subscribe(database: string, handler: NoticeHandler): Promise<() => Promise<void>> {
    if (this.#closing !== null) throw new BacksideError('unavailable', 'the notifier is closed');
    const link = this.#link;
    if (link === null) throw this.#unavailable('is away', this.#keeper.failure);
    const topic = topicOf(this.#prefix, database);
    const subscription =
      this.#subscriptions.get(topic) ?? this.#subscriptions.begin(topic, this.#keeper.during(link.subscribe(topic)));
    const entry = { handle: handler };
    subscription.handlers.add(entry);
    try {
      await subscription.ready;
    } catch (error) {
      await this.#end(subscription, entry);
      throw this.#unavailable('went away', error);
    }
    return () => this.#end(subscription, entry);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #keep(): LinkKeeper {
    const { open, logger, url } = this.#options;
    return new LinkKeeper({
      open,
      servers: serversOf(url),
      logger,
      timing: this.#timing,
      random: Math.random,
      plain: (error) => withoutSecrets(error, url),
      prepare: (link) => this.#listen(link),
      up: (link) => this.#up(link),
      down: () => this.#down(),
      events: {
        message: (topic, bytes) => this.#receive(topic, bytes),
        missed: () => this.#subscriptions.gap(),
        blocked: (isBlocked) => this.#block(isBlocked),
      },
    });
  }

  /** Subscribes a new link to whatever somebody listens to. */
  async #listen(link: BrokerLink): Promise<void> {
    const topics = this.#subscriptions.topics;
    await Promise.all([broadcastTopicOf(this.#prefix), ...topics].map((topic) => link.subscribe(topic)));
    // Those that ended meanwhile had no link to tell.
    await Promise.all(
      topics.filter((topic) => !this.#subscriptions.has(topic)).map((topic) => link.unsubscribe(topic)),
    );
  }

  #up(link: BrokerLink): void {
    this.#link = link;
    const broker = redactUrl(this.#options.url);
    this.#options.logger.info({ broker, serverVersion: link.serverVersion }, 'the link to the broker is open');
    if (this.#hadLink) this.#subscriptions.gap();
    this.#hadLink = true;
    this.#pump();
  }

  #down(): void {
    this.#link = null;
    this.#blocked = false;
    this.#underWay = 0;
    this.#backlog.restore();
    this.#drained();
  }

  #block(isBlocked: boolean): void {
    this.#blocked = isBlocked;
    this.#options.logger.warn({ isBlocked }, 'the broker takes no messages for now, or does again');
    this.#pump();
  }

  #receive(topic: string, bytes: Uint8Array): void {
    const notice = decodeNotice(bytes, this.#sender);
    if (notice === null) return;
    if (topic === broadcastTopicOf(this.#prefix)) this.#subscriptions.gap();
    else this.#subscriptions.deliver(topic, notice);
  }

  /** Sends what waits as far as the broker keeps up. */
  #pump(): void {
    const link = this.#link;
    if (link === null) return;
    const maxBytes = Math.min(this.#maxNoticeBytes, link.maxMessageBytes ?? Number.POSITIVE_INFINITY);
    while (this.#mayWrite) {
      const outgoing = this.#backlog.take(maxBytes);
      if (outgoing === null) break;
      this.#underWay += 1;
      void this.#send(link, outgoing);
    }
    if (this.#backlog.isEmpty) this.#drained();
  }

  get #mayWrite(): boolean {
    return !this.#blocked && this.#underWay < MAX_UNDER_WAY && this.#backlog.bytesUnderWay < MAX_BYTES_UNDER_WAY;
  }

  async #send(link: BrokerLink, outgoing: Outgoing): Promise<void> {
    const { database } = outgoing;
    const topic = database === null ? broadcastTopicOf(this.#prefix) : topicOf(this.#prefix, database);
    try {
      await link.send(topic, encodeNotice(outgoing, this.#sender));
    } catch (error) {
      if (this.#link === link) this.#keeper.lost(error);
      return;
    }
    if (this.#link !== link) return;
    this.#backlog.settle(outgoing);
    this.#underWay -= 1;
    this.#pump();
  }

  async #end(subscription: Subscription, entry: { readonly handle: NoticeHandler }): Promise<void> {
    const link = this.#link;
    if (!this.#subscriptions.end(subscription, entry) || link === null) return;
    try {
      await this.#keeper.during(link.unsubscribe(subscription.topic));
    } catch (error) {
      // The link is lost, and the subscription with it.
      this.#options.logger.debug(
        { err: withoutSecrets(error, this.#options.url) },
        'a subscription ended with its link',
      );
    }
  }

  async #close(): Promise<void> {
    this.#subscriptions.clear();
    if (this.#link !== null && !this.#blocked && !this.#backlog.isEmpty) await this.#drain();
    await this.#keeper.close();
  }

  async #drain(): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    try {
      await within(this.#timing.closeWithinMs, drained);
    } catch (error) {
      this.#options.logger.warn(
        { err: error, bytes: this.#backlog.bytes },
        'the broker did not take what was left to tell',
      );
    }
  }

  #unavailable(what: string, error: unknown): BacksideError {
    const { url } = this.#options;
    const cause = withoutSecrets(error ?? 'closed', url);
    return new BacksideError('unavailable', `the broker at ${redactUrl(url)} ${what}: ${cause.message}`, { cause });
  }
}
