import type { NoticeHandler, Notifier, NotifierState } from '@backside/notifier';
import { BacksideError, type Commit, unpackCommits } from '@backside/protocol';
import { BoundedSender } from './bounded-sender.js';
import type { Channel } from './channel.js';
import { type PublishMessage, publishMessage, type RelayMessage } from './messages.js';

/**
 * The notifier of a process whose primary runs `relayNotifications` at the other end of `channel`. Its own commits do not
 * come back. A primary that takes nothing for a while is told later how far the databases are. Once the channel is lost nothing is published or heard any more, and `subscribe` rejects with `unavailable`.
 */
export function createIpcNotifier(channel: Channel): Notifier {
  return new IpcNotifier(channel);
}

/** The handlers of one database, and when the relay knew of them. */
interface Subscription {
  readonly handlers: Set<{ handle: NoticeHandler }>;
  readonly ready: Promise<void>;
}

interface Waiter {
  resolve(): void;
  reject(error: BacksideError): void;
}

class IpcNotifier implements Notifier {
  readonly betweenNodes = false;
  readonly #sender: BoundedSender;
  readonly #stopListening: () => void;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #waiters = new Map<number, Waiter>();
  #lastId = 0;
  #refusal: BacksideError | null = null;

  constructor(channel: Channel) {
    this.#sender = new BoundedSender(channel, (cause) =>
      this.#end(new BacksideError('unavailable', 'the other processes cannot be reached', { cause })),
    );
    this.#stopListening = channel.onMessage((message) => this.#receive(message as RelayMessage));
    channel.onClose(() => this.#end(new BacksideError('unavailable', 'the link to the other processes is lost')));
  }

  get state(): NotifierState {
    return { up: this.#refusal === null, dropped: this.#sender.dropped };
  }

  publish(database: string, commits: readonly Commit[]): void {
    if (this.#refusal === null && commits.length > 0) this.#sender.publish(publishMessage(database, commits));
  }

  async subscribe(database: string, handler: NoticeHandler): Promise<() => Promise<void>> {
    if (this.#refusal !== null) throw this.#refusal;
    const subscription = this.#subscriptions.get(database) ?? this.#begin(database);
    const entry = { handle: handler };
    subscription.handlers.add(entry);
    await subscription.ready;
    return async () => {
      if (subscription.handlers.delete(entry) && subscription.handlers.size === 0) this.#finish(database, subscription);
    };
  }

  async close(): Promise<void> {
    for (const [database, subscription] of this.#subscriptions) this.#finish(database, subscription);
    this.#end(new BacksideError('unavailable', 'the notifier is closed'));
  }

  #begin(database: string): Subscription {
    const id = ++this.#lastId;
    const ready = new Promise<void>((resolve, reject) => this.#waiters.set(id, { resolve, reject }));
    const subscription = { handlers: new Set<{ handle: NoticeHandler }>(), ready };
    this.#subscriptions.set(database, subscription);
    this.#sender.send({ kind: 'subscribe', database, id });
    return subscription;
  }

  #finish(database: string, subscription: Subscription): void {
    if (this.#refusal !== null || this.#subscriptions.get(database) !== subscription) return;
    this.#subscriptions.delete(database);
    this.#sender.send({ kind: 'unsubscribe', database });
  }

  #receive(message: RelayMessage): void {
    if (message.kind === 'publish') {
      this.#deliver(message);
    } else {
      this.#waiters.get(message.id)?.resolve();
      this.#waiters.delete(message.id);
    }
  }

  #deliver(message: PublishMessage): void {
    const handlers = this.#subscriptions.get(message.database)?.handlers;
    if (handlers === undefined || handlers.size === 0) return;
    const notice = { commits: unpackCommits(message.commits), head: message.head };
    for (const { handle } of [...handlers]) handle(notice);
  }

  #end(error: BacksideError): void {
    this.#refusal = error;
    this.#stopListening();
    this.#sender.end();
    this.#subscriptions.clear();
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
  }
}
