import type { Frame } from '@backside/stomp';
import type { Intake } from './intake.js';

/** What a gate needs of its session. */
export interface GateOwner {
  readonly intake: Intake;
  /** Whether this frame may be served once no first event is awaited. */
  isDue(frame: Frame): boolean;
  /** Serves a frame that was deferred. */
  serve(frame: Frame): void;
}

/**
 * Lets the SUBSCRIBEs of a connection begin one after the other, each once it is due, the first event of the one before is
 * queued and the connection can take more; what is behind it waits with it. A first event is encoded whole when its subscription
 * begins, so a client that asks for many and reads none would otherwise hold all of them in memory.
 */
export class SubscriptionGate {
  readonly #owner: GateOwner;
  /** The subscription whose first event is awaited. */
  #beginning: object | null = null;
  #deferred: Frame | null = null;
  #closed = false;

  constructor(owner: GateOwner) {
    this.#owner = owner;
  }

  /** Whether a SUBSCRIBE may begin, or the connection end, now. If not, it is served again when it may, or never once the gate is closed. */
  admits(frame: Frame): boolean {
    if (this.#closed) return false;
    if (this.#isFreeFor(frame)) return true;
    this.#deferred = frame;
    this.#owner.intake.hold();
    return false;
  }

  #isFreeFor(frame: Frame): boolean {
    return this.#beginning === null && this.#owner.isDue(frame);
  }

  /** From now on the first event of this subscription is awaited. */
  begins(subscription: object): void {
    this.#beginning = subscription;
  }

  /** The subscription has its first event, or is over without one. */
  hasBegun(subscription: object): void {
    if (this.#beginning !== subscription) return;
    this.#beginning = null;
    this.wake();
  }

  /** Something that stood against what was deferred may be gone. */
  wake(): void {
    // Not at once: this may be in the midst of a delivery to many.
    if (this.#deferred !== null) queueMicrotask(() => this.reopen());
  }

  /** Serves what was deferred, if nothing stands against it any more. */
  reopen(): void {
    const frame = this.#deferred;
    if (frame === null || !this.#isFreeFor(frame)) return;
    this.#deferred = null;
    this.#owner.serve(frame);
    this.#owner.intake.release();
  }

  /** Nobody is there to subscribe any more: what was deferred is dropped, and what is behind it goes on. */
  close(): void {
    this.#closed = true;
    if (this.#deferred === null) return;
    this.#deferred = null;
    this.#owner.intake.release();
  }
}
