import { BacksideError } from '@backside/protocol';
import type { Channel } from './channel.js';
import type { Answer, CallRequest, Request } from './messages.js';

/** The answers of one kind. */
export type AnswerOf<Kind extends Answer['kind']> = Answer & { readonly kind: Kind };

/** A call without its number. */
type Unnumbered<Call> = Call extends { readonly id: number } ? Omit<Call, 'id'> : never;

/** Somebody waiting for the answers to one call. */
export interface Waiter {
  /** Returns whether a further answer is to come. */
  answer(answer: Answer): boolean;
  /** `generation` comes with an append that the journal failed. */
  reject(error: BacksideError, generation?: number): void;
}

/** The worker's end of a channel: numbers calls and brings their answers home. */
export class Calls {
  readonly #channel: Channel;
  readonly #waiters = new Map<number, Waiter>();
  readonly #stopListening: () => void;
  #lastId = 0;
  #refusal: BacksideError | null = null;
  #idle: (() => void) | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#stopListening = channel.onMessage((message) => this.#receive(message as readonly Answer[]));
    channel.onClose(() => this.#end(new BacksideError('unavailable', 'the link to the journal is lost')));
  }

  /** Sends a call and hands every answer to `waiter`; returns the number of the call. */
  send(call: Unnumbered<Exclude<Request, { kind: 'stop' }>>, waiter: Waiter): number {
    const id = ++this.#lastId;
    if (this.#refusal !== null) {
      waiter.reject(this.#refusal);
      return id;
    }
    this.#waiters.set(id, waiter);
    try {
      this.#channel.send({ ...call, id });
    } catch (cause) {
      this.#waiters.delete(id);
      waiter.reject(new BacksideError('unavailable', 'the journal cannot be reached', { cause }));
    }
    return id;
  }

  /** Sends a call that has one answer of the given kind. */
  ask<Kind extends Answer['kind']>(kind: Kind, call: Unnumbered<CallRequest>): Promise<AnswerOf<Kind>> {
    return this.askNumbered(kind, call).answer;
  }

  askNumbered<Kind extends Answer['kind']>(
    kind: Kind,
    call: Unnumbered<CallRequest>,
  ): { id: number; answer: Promise<AnswerOf<Kind>> } {
    let id = 0;
    const answer = new Promise<AnswerOf<Kind>>((resolve, reject) => {
      const accept = (answered: Answer): boolean => {
        if (answered.kind === kind) resolve(answered as AnswerOf<Kind>);
        else reject(new BacksideError('internal', `the journal answered ${answered.kind} instead of ${kind}`));
        return false;
      };
      id = this.send(call, { answer: accept, reject });
    });
    return { id, answer };
  }

  /** Gives up a reading; needs no answer. */
  stop(reading: number): void {
    if (this.#refusal === null) this.#channel.send({ kind: 'stop', reading });
  }

  /** Refuses further calls, waits for the answers to come, and lets go of the channel. */
  async close(): Promise<void> {
    const closed = new BacksideError('unavailable', 'the journal is closed');
    const lost = this.#refusal;
    this.#refusal = lost ?? closed;
    if (this.#waiters.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#stopListening();
  }

  #receive(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiter = this.#waiters.get(answer.id);
      if (waiter === undefined) continue;
      if (answer.kind === 'failed') waiter.reject(new BacksideError(answer.code, answer.message), answer.generation);
      else if (waiter.answer(answer)) continue;
      this.#waiters.delete(answer.id);
    }
    if (this.#waiters.size === 0) this.#idle?.();
  }

  #end(error: BacksideError): void {
    this.#refusal = error;
    this.#stopListening();
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
    this.#idle?.();
  }
}
