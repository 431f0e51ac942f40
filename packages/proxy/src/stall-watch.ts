import type { Session } from './session.js';

/** Watches a congested connection, and gives it up when its client takes nothing for `stallTimeoutMs`. */
export class StallWatch {
  readonly #session: Session;
  readonly #stalled: () => void;
  #running = false;

  constructor(session: Session, stalled: () => void) {
    this.#session = session;
    this.#stalled = stalled;
  }

  /** Begins, unless it is running; ends by itself when the connection is no longer congested. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { context, outbox } = this.#session;
    const intervalMs = context.limits.stallTimeoutMs / 2;
    let queuedBefore = Number.POSITIVE_INFINITY;
    const check = (now: number): number | null => {
      const { congested, queuedBytes } = outbox;
      const stalled = congested && queuedBytes >= queuedBefore;
      queuedBefore = queuedBytes;
      this.#running = congested && !stalled;
      if (stalled) this.#stalled();
      return this.#running ? now + intervalMs : null;
    };
    context.deadlines.schedule(context.now() + intervalMs, check, this.#session);
  }
}
