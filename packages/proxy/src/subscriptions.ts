import { BacksideError } from '@backside/protocol';
import type { ClientSubscription } from './client-subscription.js';
import { ErrorsSubscription } from './info-subscription.js';
import type { Outbox } from './outbox.js';

/** How many subscriptions that the server ended are remembered, so that a client's late frame about one is no mistake. */
const MAX_REMEMBERED = 256;

/** The subscriptions of one connection, by their names there. */
export class Subscriptions {
  /** The one that gets refusals of single operations. */
  listener: ErrorsSubscription | null = null;
  readonly #outbox: Outbox;
  #byKey: Map<string, ClientSubscription> | null = null;
  #ended: Set<string> | null = null;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  get size(): number {
    return this.#byKey?.size ?? 0;
  }

  get(id: string): ClientSubscription | undefined {
    return this.#byKey?.get(id);
  }

  /** Whether this one has not ended yet. */
  has(subscription: ClientSubscription): boolean {
    return this.#byKey?.get(keyOf(subscription.id, subscription.destination)) === subscription;
  }

  /** Throws `duplicate-subscription` if the name is in use. */
  assertFree(id: string | undefined, destination: string): void {
    if (this.#byKey?.has(keyOf(id, destination))) throw new BacksideError('duplicate-subscription');
  }

  add(subscription: ClientSubscription): void {
    const key = keyOf(subscription.id, subscription.destination);
    this.#byKey ??= new Map();
    this.#byKey.set(key, subscription);
    this.#ended?.delete(key);
    if (this.#outbox.congested) subscription.holdBack();
  }

  /** The client ends a subscription: by name or, in 1.0, by destination. Throws `unknown-subscription`. */
  unsubscribe(id: string | undefined, destination: string): void {
    const key = keyOf(id, destination);
    const subscription = this.#byKey?.get(key) ?? (id === undefined ? this.#listeningTo(destination) : undefined);
    if (subscription !== undefined) this.#remove(subscription);
    else if (!this.#ended?.delete(key)) throw new BacksideError('unknown-subscription');
  }

  #listeningTo(destination: string): ClientSubscription | undefined {
    for (const subscription of this.all()) if (subscription.destination === destination) return subscription;
    return undefined;
  }

  /** The server ends a subscription. The client may not know yet, so its name is remembered for a while. */
  forget(subscription: ClientSubscription): void {
    this.#remove(subscription);
    this.#ended ??= new Set();
    this.#ended.add(keyOf(subscription.id, subscription.destination));
    if (this.#ended.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      return;
    }
  }

  /** Whether the server has ended a subscription of this name. */
  hasEnded(id: string): boolean {
    return this.#ended?.has(id) ?? false;
  }

  #remove(subscription: ClientSubscription): void {
    this.#byKey?.delete(keyOf(subscription.id, subscription.destination));
    if (subscription === this.listener) this.listener = this.#otherListener();
    subscription.end();
  }

  /** A client may listen to `/.errors` more than once; one of them is told. */
  #otherListener(): ErrorsSubscription | null {
    for (const subscription of this.all()) if (subscription instanceof ErrorsSubscription) return subscription;
    return null;
  }

  *all(): Iterable<ClientSubscription> {
    if (this.#byKey !== null) yield* this.#byKey.values();
  }

  holdBack(): void {
    for (const subscription of this.all()) subscription.holdBack();
  }

  /** Lets them deliver again, one by one as long as the connection can take it. */
  letGo(): void {
    for (const subscription of this.all()) {
      if (this.#outbox.congested) return;
      subscription.letGo();
    }
  }

  /** Ends all. */
  end(): void {
    const all = this.#byKey;
    this.#byKey = null;
    this.#ended = null;
    this.listener = null;
    if (all !== null) for (const subscription of all.values()) subscription.end();
  }
}

/** A 1.0 subscription without an id is known by its destination; no id holds the octet that sets them apart. */
function keyOf(id: string | undefined, destination: string): string {
  return id ?? `\0${destination}`;
}
