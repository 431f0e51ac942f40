import { InfoSubscription } from './info-subscription.js';
import type { Session } from './session.js';
import type { TenureEvents } from './tenure.js';

/** What becomes of a principal, brought to its session: rights are decided again, and the client is told on `/.info/user`. */
export class SignInEvents implements TenureEvents {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  succeeded(): void {
    this.#session.standing.updateScope();
    if (this.#session.standing.lapse === null) decideAgain(this.#session, () => {});
  }

  expiring(): void {
    tellUser(this.#session);
  }

  lapsed(): void {
    this.#session.standing.updateScope();
    decideAgain(this.#session, () => {});
  }
}

/**
 * Decides the rights of all subscriptions again if who reads has changed, and tells who the user is now. Those that keep their
 * rights go on without loss; if nothing has changed that a rule could see, nothing happens to them at all.
 */
export function decideAgain(session: Session, done: () => void): void {
  if (session.phase === 'open' && session.standing.takeChange()) {
    session.context.renewals.renew(session, done);
  } else {
    tellUser(session);
    done();
  }
}

/** Tells the subscribers of `/.info/user`. */
function tellUser(session: Session): void {
  if (session.phase !== 'open') return;
  for (const subscription of session.subscriptions.all()) {
    if (subscription instanceof InfoSubscription) subscription.renew();
  }
}
