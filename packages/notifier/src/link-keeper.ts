import type { Logger } from '@backside/protocol';
import type { BrokerLink, LinkEvents, LinkTiming, OpenLink } from './broker-link.js';
import { LinkSession } from './link-session.js';
import { within } from './within.js';

export interface LinkKeeperOptions {
  readonly open: OpenLink;
  /** They are tried in turn, from one drawn at random. */
  readonly servers: readonly string[];
  readonly timing: LinkTiming;
  readonly logger: Logger;
  /** Draws from 0 to less than 1. */
  readonly random: () => number;
  /** What may be shown and logged of an error. */
  readonly plain: (error: unknown) => Error;
  /** Called with a new link before it counts as up. A rejection gives it up. */
  readonly prepare: (link: BrokerLink) => Promise<void>;
  readonly up: (link: BrokerLink) => void;
  readonly down: () => void;
  readonly events: Omit<LinkEvents, 'lost'>;
}

/** Keeps one link open: notices that it is lost or has frozen, and opens another, at growing random intervals. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  #session = new LinkSession();
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #tries: number;
  #failure: Error | null = null;

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
    this.#tries = Math.floor(options.random() * options.servers.length);
  }

  /** Why there is no link, or why the one before was lost. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves with the first link. Rejects with the last failure if there is none within `patienceMs`. */
  async start(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#running = this.#run(resolve);
    });
    try {
      await within(this.#options.timing.patienceMs, first);
    } catch (late) {
      const reason = this.#failure ?? late;
      await this.close();
      throw reason;
    }
  }

  /** Gives the present link up; another is opened. */
  lost(error: unknown): void {
    this.#session.lost(this.#options.plain(error));
  }

  /** What `promise` comes to; a rejection if the present link is lost before. */
  during<T>(promise: Promise<T>): Promise<T> {
    return this.#session.during(promise);
  }

  /** Ends in time whatever the broker does. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#session.lost(new Error('the notifier is closed'));
    await this.#running;
  }

  async #run(opened: () => void): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const upMs = await this.#hold(opened);
      if (this.#closed) return;
      failures = upMs >= this.#options.timing.checkEveryMs ? 1 : failures + 1;
      await this.#rest(failures);
    }
  }

  /** Opens a link and stays until it is lost; resolves with how long it was up, in milliseconds. */
  async #hold(opened: () => void): Promise<number> {
    const session = new LinkSession();
    this.#session = session;
    let link: BrokerLink | null = null;
    let since: number | null = null;
    try {
      link = await this.#open(session);
      await session.during(within(this.#options.timing.openWithinMs, this.#options.prepare(link)));
      since = performance.now();
      this.#options.up(link);
      opened();
      await this.#watch(session, link);
    } catch (error) {
      session.lost(this.#options.plain(error));
    }
    this.#failure = this.#options.plain(await session.over);
    if (since !== null) this.#options.down();
    const upMs = since === null ? 0 : performance.now() - since;
    if (link !== null) await this.#release(link);
    return upMs;
  }

  async #open(session: LinkSession): Promise<BrokerLink> {
    const { open, servers, timing, events } = this.#options;
    const withinMs = timing.openWithinMs;
    const server = servers[this.#tries++ % servers.length]!;
    const opening = open({ server, events: session.events(events), signal: session.signal, withinMs });
    try {
      return await session.during(within(withinMs, opening));
    } catch (error) {
      session.lost(this.#options.plain(error));
      // It may still come, and nobody would hold it. That it does not is reported already.
      void opening.then((late) => this.#release(late)).catch(() => undefined);
      throw error;
    }
  }

  /** Rejects with the reason once the link is lost, or does not answer. */
  async #watch(session: LinkSession, link: BrokerLink): Promise<never> {
    const { checkEveryMs, answerWithinMs } = this.#options.timing;
    for (;;) {
      await session.pause(checkEveryMs);
      await session.during(within(answerWithinMs, link.check()));
    }
  }

  async #release(link: BrokerLink): Promise<void> {
    const { timing, logger, plain } = this.#options;
    try {
      await within(timing.closeWithinMs, link.close());
    } catch (error) {
      logger.debug({ err: plain(error) }, 'a link to the broker could not say good-bye');
    }
  }

  async #rest(failures: number): Promise<void> {
    const { timing, logger, random } = this.#options;
    const limitMs = Math.min(timing.retryLastMs, timing.retryFirstMs * 2 ** Math.min(failures - 1, 20));
    const retryMs = Math.round(limitMs * random());
    logger.warn({ err: this.#failure, retryMs }, 'there is no link to the broker; trying again');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
