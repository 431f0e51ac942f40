import { GAP, type NoticeHandler, type Notifier, type NotifierState } from '@backside/notifier';
import type { Commit, Logger } from '@backside/protocol';

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

export interface LateNotifierOptions {
  readonly open: () => Promise<Notifier>;
  readonly logger: Logger;
}

/** One `subscribe` of a user. */
interface Subscription {
  readonly database: string;
  readonly handler: NoticeHandler;
  /** Ends what the notifier itself made of it; null until that is there. */
  end: (() => Promise<void>) | null;
}

/**
 * A notifier whose broker is out of reach at the start: it is as one whose link was lost. It goes on trying to open it, and once
 * that is done every handler is told that it may have missed something.
 */
export class LateNotifier implements Notifier {
  readonly betweenNodes = true;
  readonly #options: LateNotifierOptions;
  readonly #subscriptions = new Set<Subscription>();
  #inner: Notifier | null = null;
  #timer: NodeJS.Timeout | null = null;
  #opening: Promise<void> = Promise.resolve();
  #dropped = 0;
  #closed = false;

  constructor(options: LateNotifierOptions) {
    this.#options = options;
    this.#openLater(FIRST_PAUSE_MS);
  }

  get state(): NotifierState {
    const { up, dropped } = this.#inner?.state ?? { up: false, dropped: 0 };
    return { up, dropped: dropped + this.#dropped };
  }

  publish(database: string, commits: readonly Commit[]): void {
    if (this.#inner === null) this.#dropped += 1;
    else this.#inner.publish(database, commits);
  }

  async subscribe(database: string, handler: NoticeHandler): Promise<() => Promise<void>> {
    if (this.#inner !== null) return this.#inner.subscribe(database, handler);
    const subscription: Subscription = { database, handler, end: null };
    this.#subscriptions.add(subscription);
    return async () => {
      this.#subscriptions.delete(subscription);
      await subscription.end?.();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#opening;
    await this.#inner?.close();
  }

  #openLater(pauseMs: number): void {
    this.#timer = setTimeout(() => {
      this.#opening = this.#open(Math.min(LAST_PAUSE_MS, 2 * pauseMs));
    }, pauseMs).unref();
  }

  async #open(nextPauseMs: number): Promise<void> {
    try {
      const inner = await this.#options.open();
      await this.#take(inner).catch(async (error: unknown) => {
        await inner.close();
        throw error;
      });
    } catch (error) {
      if (this.#closed) return;
      this.#options.logger.warn({ err: error }, 'the notifier still cannot be reached');
      this.#openLater(nextPauseMs);
    }
  }

  async #take(inner: Notifier): Promise<void> {
    for (const subscription of this.#subscriptions) {
      const { database, handler } = subscription;
      subscription.end = await inner.subscribe(database, handler);
      if (!this.#subscriptions.has(subscription)) await subscription.end();
    }
    this.#inner = inner;
    for (const { handler } of this.#subscriptions) handler(GAP);
  }
}
