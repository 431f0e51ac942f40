import type { Listener, Subscription, ViewEvent } from '@backside/api';
import { type BacksideError, formatResumePoint, type Principal } from '@backside/protocol';
import { formatPath, type Path, type Query } from '@backside/tree';
import type { ClientSubscription } from './client-subscription.js';
import type { ProxyCounters } from './counters.js';
import type { MessageEncoder } from './encoder.js';
import type { Outbox } from './outbox.js';
import type { Session } from './session.js';

/** What a client asked for. */
export interface LiveSubscriptionOptions {
  readonly path: Path;
  readonly query: Query | undefined;
  /** From `EncoderTable.acquire`; released when the subscription ends. */
  readonly encoder: MessageEncoder;
  readonly once: boolean;
  /** How many events may wait for an ACK before the next ones are coalesced. */
  readonly window: number;
}

const CONGESTED = 1;
const WINDOW_FULL = 2;

/**
 * A subscription to a view of the database. There may be very many, so what they hold is kept small, and what one event
 * touches even smaller.
 */
export class LiveSubscription implements ClientSubscription, Listener<Uint8Array> {
  readonly #outbox: Outbox;
  readonly #counters: ProxyCounters;
  /** Whether an event needs nothing more than to be sent: it is not the first or last one, and no ACK is awaited. */
  #plain = false;
  readonly #session: Session;
  readonly #path: Path;
  readonly #query: Query | undefined;
  readonly #encoder: MessageEncoder;
  readonly #window: number;
  readonly #once: boolean;
  #handle: Subscription | null = null;
  /** Why events are held back: a sum of the reasons above. */
  #heldBack = 0;
  #ended = false;
  /** Message ids that wait for an ACK, in the order of sending; null in mode `auto`. */
  #unacknowledged: string[] | null = null;
  /** What the client is up to date with; -1 before the first event. */
  #revision = -1;
  /** Whether an event has come since the listen began, from when on it is no further behind than the database. */
  #flowing = false;

  constructor(session: Session, options: LiveSubscriptionOptions) {
    this.#outbox = session.outbox;
    this.#counters = session.context.counters;
    this.#session = session;
    this.#path = options.path;
    this.#query = options.query;
    this.#encoder = options.encoder;
    this.#window = options.window;
    this.#once = options.once;
    this.#counters.subscriptions += 1;
    this.#session.standing.quota.countListens(1);
  }

  get id(): string | undefined {
    return this.#encoder.options.subscription;
  }

  get destination(): string {
    return formatPath(this.#path);
  }

  begin(principal: Principal, resume?: string, confirm = true): void {
    this.#handle = this.#session.standing.database.listen(principal, {
      path: this.#path,
      encoder: this.#encoder,
      listener: this,
      once: this.#once,
      ...(this.#query !== undefined && { query: this.#query }),
      ...(resume !== undefined && { resume, confirm }),
    });
    if (this.#heldBack !== 0) this.#handle.pause();
  }

  suspend(): void {
    if (this.#handle === null) return;
    if (this.#flowing && this.#heldBack === 0) {
      this.#revision = Math.max(this.#revision, this.#session.standing.database.revision);
    }
    this.#handle.end();
    this.#handle = null;
    this.#flowing = false;
  }

  /** Goes on from where the client is under the new principal, so that nothing is missed or doubled. */
  renew(principal: Principal): void {
    if (this.#ended) return;
    this.suspend();
    const point = { epoch: this.#session.standing.database.epoch, revision: this.#revision };
    this.begin(principal, this.#revision >= 0 ? formatResumePoint(point) : undefined, false);
  }

  event(encoded: Uint8Array, event: ViewEvent): void {
    this.#revision = event.revision;
    this.#flowing = true;
    this.#counters.messagesOut += 1;
    this.#outbox.pushShared(encoded);
    if (!this.#plain) this.#sent(event);
  }

  #sent(event: ViewEvent): void {
    this.#session.gate.hasBegun(this);
    if (this.#once) this.#session.serverEnded(this, null);
    else if (this.#encoder.options.ackMode === 'auto') this.#plain = true;
    else this.#await(this.#encoder.messageId(event));
  }

  cancelled(error: BacksideError): void {
    this.#handle = null;
    this.#session.serverEnded(this, error);
  }

  #await(messageId: string): void {
    this.#unacknowledged ??= [];
    this.#unacknowledged.push(messageId);
    if (this.#unacknowledged.length >= this.#window) this.#hold(WINDOW_FULL);
  }

  awaits(messageId: string): boolean {
    return this.#unacknowledged?.includes(messageId) ?? false;
  }

  acknowledge(messageId: string): void {
    const waiting = this.#unacknowledged;
    const index = waiting?.indexOf(messageId) ?? -1;
    if (waiting === null || index < 0) return;
    if (this.#encoder.options.ackMode === 'client') waiting.splice(0, index + 1);
    else waiting.splice(index, 1);
    if (waiting.length < this.#window) this.#release(WINDOW_FULL);
  }

  holdBack(): void {
    this.#hold(CONGESTED);
  }

  letGo(): void {
    this.#release(CONGESTED);
  }

  #hold(reason: number): void {
    if (this.#heldBack === 0) this.#handle?.pause();
    this.#heldBack |= reason;
  }

  #release(reason: number): void {
    if (this.#heldBack === 0) return;
    this.#heldBack &= ~reason;
    if (this.#heldBack === 0) this.#handle?.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handle?.end();
    this.#handle = null;
    this.#unacknowledged = null;
    this.#session.gate.hasBegun(this);
    this.#session.context.encoders.release(this.#encoder);
    this.#counters.subscriptions -= 1;
    this.#session.standing.quota.countListens(-1);
  }
}
