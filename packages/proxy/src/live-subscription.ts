import type { Listener, Subscription, ViewEvent } from '@backside/api';
import { type BacksideError, formatResumePoint, type Principal } from '@backside/protocol';
import { formatPath, type Path, type Query } from '@backside/tree';
import type { ClientSubscription } from './client-subscription.js';
import type { MessageEncoder } from './encoder.js';
import type { Session } from './session.js';

/** What a client asked for. */
export interface LiveSubscriptionOptions {
  readonly id: string | undefined;
  readonly path: Path;
  readonly query: Query | undefined;
  /** From `EncoderTable.acquire`; released when the subscription ends. */
  readonly encoder: MessageEncoder;
  readonly once: boolean;
  /** `epoch:revision` of the last event that the client has. */
  readonly resume: string | undefined;
  /** How many events may wait for an ACK before the next ones are coalesced. */
  readonly window: number;
  /** The subscription was ended by the server; with an error unless it had to end. */
  readonly ended: (subscription: ClientSubscription, error: BacksideError | null) => void;
}

const CONGESTED = 1;
const WINDOW_FULL = 2;

/** A subscription to a view of the database. */
export class LiveSubscription implements ClientSubscription, Listener<Uint8Array> {
  readonly #session: Session;
  readonly #options: LiveSubscriptionOptions;
  #handle: Subscription | null = null;
  /** Why events are held back: a sum of the reasons above. */
  #heldBack = 0;
  /** Message ids that wait for an ACK, in the order of sending; null in mode `auto`. */
  #unacknowledged: string[] | null = null;
  #revision = 0;

  constructor(session: Session, options: LiveSubscriptionOptions) {
    this.#session = session;
    this.#options = options;
    session.context.counters.subscriptions += 1;
  }

  get id(): string | undefined {
    return this.#options.id;
  }

  get destination(): string {
    return formatPath(this.#options.path);
  }

  begin(principal: Principal): void {
    this.#listen(principal, this.#options.resume);
  }

  /** Goes on from the last event under the new principal, so that nothing is missed or doubled. */
  renew(principal: Principal): void {
    this.#handle?.end();
    this.#handle = null;
    const point = { epoch: this.#session.database.epoch, revision: this.#revision };
    this.#listen(principal, this.#revision > 0 ? formatResumePoint(point) : this.#options.resume);
  }

  #listen(principal: Principal, resume: string | undefined): void {
    const { path, query, encoder, once } = this.#options;
    this.#handle = this.#session.database.listen(principal, {
      path,
      encoder,
      listener: this,
      once,
      ...(query !== undefined && { query }),
      ...(resume !== undefined && { resume }),
    });
    if (this.#heldBack !== 0) this.#handle.pause();
  }

  event(encoded: Uint8Array, event: ViewEvent): void {
    const { encoder, once } = this.#options;
    this.#session.outbox.pushShared(encoded);
    this.#session.context.counters.messagesOut += 1;
    this.#revision = event.revision;
    if (encoder.options.ackMode !== 'auto') this.#await(encoder.messageId(event));
    if (once) this.#options.ended(this, null);
  }

  cancelled(error: BacksideError): void {
    this.#handle = null;
    this.#options.ended(this, error);
  }

  #await(messageId: string): void {
    this.#unacknowledged ??= [];
    this.#unacknowledged.push(messageId);
    if (this.#unacknowledged.length >= this.#options.window) this.#hold(WINDOW_FULL);
  }

  awaits(messageId: string): boolean {
    return this.#unacknowledged?.includes(messageId) ?? false;
  }

  acknowledge(messageId: string): void {
    const waiting = this.#unacknowledged;
    const index = waiting?.indexOf(messageId) ?? -1;
    if (waiting === null || index < 0) return;
    if (this.#options.encoder.options.ackMode === 'client') waiting.splice(0, index + 1);
    else waiting.splice(index, 1);
    if (waiting.length < this.#options.window) this.#release(WINDOW_FULL);
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
    this.#session.context.encoders.release(this.#options.encoder);
    this.#session.context.counters.subscriptions -= 1;
  }

  #ended = false;
}
