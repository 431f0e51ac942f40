import { GAP, type Notice, type NoticeHandler } from './notifier.js';

/** The handlers of one database. */
export interface Subscription {
  readonly topic: string;
  readonly handlers: Set<{ readonly handle: NoticeHandler }>;
  /** Settles when the broker knows of it, or the link it was told over is lost. */
  ready: Promise<void>;
}

/** Who listens to what, independent of any link. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Subscription>();

  get topics(): string[] {
    return [...this.#byTopic.keys()];
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  get(topic: string): Subscription | undefined {
    return this.#byTopic.get(topic);
  }

  begin(topic: string, ready: Promise<void>): Subscription {
    const subscription = { topic, handlers: new Set<{ handle: NoticeHandler }>(), ready };
    this.#byTopic.set(topic, subscription);
    return subscription;
  }

  /** Takes one handler away; true if it was the last of its topic. */
  end(subscription: Subscription, entry: { readonly handle: NoticeHandler }): boolean {
    const wasLast = subscription.handlers.delete(entry) && subscription.handlers.size === 0;
    return (
      wasLast && this.#byTopic.get(subscription.topic) === subscription && this.#byTopic.delete(subscription.topic)
    );
  }

  deliver(topic: string, notice: Notice): void {
    const subscription = this.#byTopic.get(topic);
    if (subscription === undefined) return;
    for (const entry of [...subscription.handlers]) if (subscription.handlers.has(entry)) entry.handle(notice);
  }

  /** Tells everybody that something may have been missed. */
  gap(): void {
    for (const topic of this.topics) this.deliver(topic, GAP);
  }

  clear(): void {
    for (const { handlers } of this.#byTopic.values()) handlers.clear();
    this.#byTopic.clear();
  }
}
