import { BacksideError, type Commit } from '@backside/protocol';
import { type Notice, type NoticeHandler, type Notifier, type NotifierState, noticeOf } from './notifier.js';

/** What the notifiers of one process publish into. */
export interface MemoryHub {
  /** A further participant. */
  connect(): Notifier;
}

/** Connects any number of notifiers within one process. Nothing is lost, doubled or reordered. */
export function createMemoryHub(): MemoryHub {
  const hub = new Hub();
  return { connect: () => new MemoryNotifier(hub) };
}

/** The notifier of a node that has no other: a hub of its own. */
export function createMemoryNotifier(): Notifier {
  return createMemoryHub().connect();
}

interface Subscriber {
  readonly owner: Notifier;
  readonly handler: NoticeHandler;
}

class Hub {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  add(database: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(database) ?? new Set();
    this.#subscribers.set(database, subscribers.add(subscriber));
  }

  remove(database: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(database);
    if (subscribers?.delete(subscriber) && subscribers.size === 0) this.#subscribers.delete(database);
  }

  /** Calls everybody but `publisher` in a microtask of their own: never while `publish` is running. */
  publish(publisher: Notifier, database: string, notice: Notice): void {
    for (const subscriber of this.#subscribers.get(database) ?? []) {
      if (subscriber.owner !== publisher) queueMicrotask(() => this.#deliver(database, subscriber, notice));
    }
  }

  #deliver(database: string, subscriber: Subscriber, notice: Notice): void {
    if (this.#subscribers.get(database)?.has(subscriber)) subscriber.handler(notice);
  }
}

class MemoryNotifier implements Notifier {
  readonly betweenNodes = false;
  readonly #hub: Hub;
  readonly #subscriptions = new Map<Subscriber, string>();
  #closed = false;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  get state(): NotifierState {
    return { up: !this.#closed, dropped: 0 };
  }

  publish(database: string, commits: readonly Commit[]): void {
    if (!this.#closed && commits.length > 0) this.#hub.publish(this, database, noticeOf(commits));
  }

  async subscribe(database: string, handler: NoticeHandler): Promise<() => Promise<void>> {
    if (this.#closed) throw new BacksideError('unavailable', 'the notifier is closed');
    const subscriber = { owner: this, handler };
    this.#hub.add(database, subscriber);
    this.#subscriptions.set(subscriber, database);
    return async () => this.#end(subscriber);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const subscriber of this.#subscriptions.keys()) this.#end(subscriber);
  }

  #end(subscriber: Subscriber): void {
    const database = this.#subscriptions.get(subscriber);
    if (database !== undefined) this.#hub.remove(database, subscriber);
    this.#subscriptions.delete(subscriber);
  }
}
