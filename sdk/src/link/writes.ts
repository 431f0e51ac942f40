import { abortable } from './abortable.js';
import { ClosedError, RefusedError } from './refused-error.js';
import type { Session } from './session.js';
import type { WireAck, WireWrite } from './write.js';
import { sendWrite } from './write-frames.js';

interface Pending {
  readonly write: WireWrite;
  readonly resolve: (ack: WireAck) => void;
  readonly reject: (reason: unknown) => void;
  /** The user on whose behalf alone it may be sent; undefined for any. */
  author: string | undefined;
  /** Whether its frames were handed to the present session and are not answered. */
  sent: boolean;
  /** Whether it may have reached a server. */
  tried: boolean;
  /** Whether it was refused for want of a valid sign-in, and is to be sent again. */
  renewed: boolean;
}

/** For the user of a session that is nobody's. */
const NOBODY = '';

/**
 * Writes without an answer, in the order of `add`, on whichever session there is. What a broken session left unanswered is sent again
 * on the next, in order, before anything newer; by its key the server knows what it has made already. But it knows that of each user
 * by itself, so what one user has sent, or made, is never sent for another.
 */
export class Writes {
  readonly #all = new Set<Pending>();
  readonly #renew: () => boolean;
  #session: Session | null = null;
  #held = false;
  /** Of the present session; undefined until the server has said. */
  #user: string | undefined;
  /** Who makes what is added now; undefined if that is not certain. */
  #author: string | undefined;
  /** Whether something cannot be sent before the user is known, and so nothing behind it. */
  #waits = false;

  /** @param renew called when the server no longer holds the sign-in for valid; whether a renewal is under way now. */
  constructor(renew: () => boolean) {
    this.#renew = renew;
  }

  add(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    return abortable(signal, (resolve, reject) => {
      const author = write.author ?? this.#author;
      const pending: Pending = { write, resolve, reject, author, sent: false, tried: false, renewed: false };
      this.#all.add(pending);
      this.#send(pending);
      return () => this.#leave(pending);
    });
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
    this.#user = undefined;
    this.#waits = false;
    for (const pending of this.#all) pending.sent = false;
  }

  /** Another sign-in has begun: who makes what is added from now on, the server will say. */
  signingIn(): void {
    this.#author = undefined;
  }

  /** The server has said whom it takes the session for; null for nobody. */
  userIs(uid: string | null): void {
    this.#user = uid ?? NOBODY;
    this.#author = uid ?? undefined;
    this.#waits = false;
    for (const pending of this.#all) {
      if (pending.sent) pending.author ??= this.#user;
      else if (uid !== null && !this.#isOurs(pending)) this.#refuse(pending);
    }
    this.#sendAll();
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
    for (const pending of this.#all) if (!pending.sent) this.#send(pending);
  }

  /** Sends it if it may be sent now. */
  #send(pending: Pending): void {
    const session = this.#session;
    if (session === null || this.#held || !this.#mayGo(pending)) return;
    pending.sent = true;
    pending.tried = true;
    pending.author ??= this.#user;
    sendWrite(session, pending.write, (result) => {
      if (session === this.#session) this.#answered(pending, result);
    });
  }

  #mayGo(pending: Pending): boolean {
    if (this.#user !== undefined) return this.#isOurs(pending);
    this.#waits ||= pending.author !== undefined;
    return !this.#waits;
  }

  #isOurs({ author }: Pending): boolean {
    return author === undefined || author === this.#user;
  }

  #refuse(pending: Pending): void {
    this.#all.delete(pending);
    pending.reject(new RefusedError('unauthenticated', { message: 'another user made this write' }));
  }

  #answered(pending: Pending, result: WireAck | RefusedError): void {
    if (result instanceof RefusedError) this.#refused(pending, result);
    else if (this.#all.delete(pending)) pending.resolve(result);
  }

  #refused(pending: Pending, error: RefusedError): void {
    if (error.code === 'unauthenticated' && !pending.renewed && this.#renew()) {
      pending.renewed = true;
      pending.sent = false;
      pending.author = pending.write.author;
    } else if (this.#all.delete(pending)) {
      pending.reject(error);
    }
  }

  /** Nobody waits any more. What may have reached a server is still seen through, so that later writes keep their order. */
  #leave(pending: Pending): void {
    if (!pending.tried) this.#all.delete(pending);
  }
}
