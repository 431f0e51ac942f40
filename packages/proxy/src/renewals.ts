import type { ClientSubscription } from './client-subscription.js';
import { knownError } from './refusal.js';
import type { Session } from './session.js';

/** Subscriptions that are decided again at a time, before everybody else gets a turn. */
const PER_TURN = 64;

interface Renewal {
  readonly session: Session;
  readonly subscriptions: Iterator<ClientSubscription>;
  readonly done: () => void;
}

/**
 * Decides the rights of subscriptions again, those of all sessions one after the other and only some in one turn of the event
 * loop. A subscription delivers nothing from the moment its renewal is asked for until it is decided, and goes on without loss.
 */
export class Renewals {
  readonly #waiting: Renewal[] = [];
  #running = false;

  /** Decides all subscriptions of the session again, for who reads there when their turn comes, and calls `done`. */
  renew(session: Session, done: () => void): void {
    const subscriptions = [...session.subscriptions.all()];
    for (const subscription of subscriptions) subscription.suspend();
    this.#waiting.push({ session, subscriptions: subscriptions.values(), done });
    if (this.#running) return;
    this.#running = true;
    this.#turn();
  }

  #turn(): void {
    for (let left = PER_TURN; left > 0; ) {
      const [renewal] = this.#waiting;
      if (renewal === undefined) {
        this.#running = false;
        return;
      }
      if (renewNext(renewal)) left -= 1;
      else {
        this.#waiting.shift();
        renewal.done();
      }
    }
    setImmediate(() => this.#turn());
  }
}

/** False if nothing is left to renew. */
function renewNext({ session, subscriptions }: Renewal): boolean {
  const { value, done } = subscriptions.next();
  if (done || session.phase !== 'open') return false;
  try {
    if (session.subscriptions.has(value)) value.renew(session.standing.reader);
  } catch (error) {
    session.serverEnded(value, knownError(session.context, error));
  }
  return true;
}
