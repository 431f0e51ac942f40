import { ClosedError, RefusedError } from './refused-error.js';
import type { Session } from './session.js';
import type { WireAck, WireWrite } from './write.js';
import { sendWrite } from './write-frames.js';

interface Pending {
  readonly write: WireWrite;
  readonly resolve: (ack: WireAck) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether its frames were handed to the present session and are not answered. */
  sent: boolean;
  /** Whether it may have reached a server. */
  tried: boolean;
  /** Whether it was refused for want of a valid sign-in, and is to be sent again. */
  renewed: boolean;
}

/**
 * Writes without an answer, in the order of `add`, on whichever session there is. What a broken session left unanswered is sent again
 * on the next, in order, before anything newer; by its key the server knows what it has made already.
 */
export class Writes {
  readonly #all = new Set<Pending>();
  readonly #renew: () => boolean;
  #session: Session | null = null;
  #held = false;

  /** @param renew called when the server no longer holds the sign-in for valid; whether a renewal is under way now. */
  constructor(renew: () => boolean) {
    this.#renew = renew;
  }

  add(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    let abandon = (): void => {};
    const acknowledged = new Promise<WireAck>((resolve, reject) => {
      const pending: Pending = { write, resolve, reject, sent: false, tried: false, renewed: false };
      abandon = () => this.#abandon(pending, signal?.reason);
      this.#all.add(pending);
      if (this.#session !== null && !this.#held) this.#send(this.#session, pending);
    });
    if (signal === undefined) return acknowledged;
    signal.addEventListener('abort', abandon);
    return acknowledged.finally(() => signal.removeEventListener('abort', abandon));
  }

  /** Sends all of them on a session that is open. */
  attach(session: Session): void {
    this.#session = session;
    this.#sendAll();
  }

  /** The session is over. */
  detach(): void {
    this.#session = null;
    this.#held = false;
    for (const pending of this.#all) pending.sent = false;
  }

  /** Sends nothing more until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#sendAll();
  }

  close(): void {
    for (const pending of this.#all) pending.reject(new ClosedError());
    this.#all.clear();
  }

  #sendAll(): void {
    const session = this.#session;
    if (session === null || this.#held) return;
    for (const pending of [...this.#all]) if (!pending.sent) this.#send(session, pending);
  }

  #send(session: Session, pending: Pending): void {
    pending.sent = true;
    pending.tried = true;
    sendWrite(session, pending.write, (result) => {
      if (session === this.#session) this.#answered(pending, result);
    });
  }

  #answered(pending: Pending, result: WireAck | RefusedError): void {
    if (result instanceof RefusedError) this.#refused(pending, result);
    else if (this.#all.delete(pending)) pending.resolve(result);
  }

  #refused(pending: Pending, error: RefusedError): void {
    if (error.code === 'unauthenticated' && !pending.renewed && this.#renew()) {
      pending.renewed = true;
      pending.sent = false;
    } else if (this.#all.delete(pending)) {
      pending.reject(error);
    }
  }

  /** Nobody waits any more. What may have reached a server is still seen through, so that later writes keep their order. */
  #abandon(pending: Pending, reason: unknown): void {
    if (!this.#all.has(pending)) return;
    if (!pending.tried) this.#all.delete(pending);
    pending.reject(reason);
  }
}
