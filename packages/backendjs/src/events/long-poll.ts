import type { Subscription } from '@backside/api';
import type { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import type { LegacyAccount } from '../credentials/legacy-account.js';
import type { LegacyCall, LegacyReply } from '../endpoint.js';
import { LegacyAnswer } from '../http/answer.js';
import { toLegacyError } from '../http/legacy-error.js';
import { assertStillHolds } from '../sign-in/still-holds.js';
import type { LegacyEvent } from './event.js';
import { EventBatches } from './event-batches.js';
import { listenToEvents } from './event-listen.js';
import { compileEventMatch, type EventMatch } from './event-match.js';

/**
 * Waits for events of the caller's account and answers the first batch of them. Where more than one answer can be sent every batch is
 * handed over, until the client goes. Without events the connection is dropped after `subscribeTimeoutMs`. Throws 417 and 400.
 */
export function serveLongPoll(call: LegacyCall): Promise<LegacyReply> {
  const account = call.requireAccount();
  const matches = compileEventMatch(call.params.text('match'));
  return new LongPoll(call, { account, matches }).wait();
}

class LongPoll {
  readonly #call: LegacyCall;
  readonly #account: LegacyAccount;
  readonly #matches: EventMatch;
  readonly #batches: EventBatches;
  #subscription: Subscription | null = null;
  #timeout: NodeJS.Timeout | null = null;
  /** Done when all batches so far are handed over. */
  #delivered: Promise<void> = Promise.resolve();
  #answer: (reply: LegacyReply) => void = () => {};
  #refuse: (error: unknown) => void = () => {};

  constructor(call: LegacyCall, who: { readonly account: LegacyAccount; readonly matches: EventMatch }) {
    this.#call = call;
    this.#account = who.account;
    this.#matches = who.matches;
    this.#batches = new EventBatches(call.context.settings.subscribeIntervalMs, (batch) => this.#deliver(batch));
  }

  async wait(): Promise<LegacyReply> {
    const { context, request } = this.#call;
    const { signal } = request;
    if (signal.aborted) return LegacyAnswer.dropped();
    const reply = new Promise<LegacyReply>((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    signal.addEventListener('abort', this.#gone, { once: true });
    if (request.push === null) this.#timeout = setTimeout(this.#late, context.settings.subscribeTimeoutMs);
    try {
      this.#subscription = listenToEvents(context.database, this.#account.id, {
        event: (event) => this.#take(event),
        ended: (error) => this.#ended(error),
      });
      return await reply;
    } finally {
      this.#release();
    }
  }

  #take(event: LegacyEvent): void {
    if (this.#matches(event)) this.#batches.add(event);
  }

  #deliver(batch: readonly LegacyEvent[]): void {
    const events = batch.map((event): Json => ({ ...event }));
    this.#delivered = this.#delivered.then(() => this.#handOver(events)).catch((error: unknown) => this.#refuse(error));
  }

  /** Rejects if the caller could not ask any more by now: time has passed since it was let in. */
  async #handOver(events: Json[]): Promise<void> {
    const { request } = this.#call;
    await assertStillHolds(this.#call);
    if (request.push === null) this.#answer(events);
    else if (!request.signal.aborted) request.push(events);
  }

  readonly #late = (): void => {
    if (!this.#batches.flush()) this.#answer(LegacyAnswer.dropped());
  };

  readonly #gone = (): void => this.#answer(LegacyAnswer.dropped());

  #ended(error: BacksideError): void {
    this.#refuse(toLegacyError(error));
  }

  #release(): void {
    this.#subscription?.end();
    this.#batches.stop();
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#call.request.signal.removeEventListener('abort', this.#gone);
  }
}
