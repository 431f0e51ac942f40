import type { Outbox } from './outbox.js';
import type { SessionContext } from './session-context.js';

/** Watches a congested connection, and gives it up when its client takes nothing for `stallTimeoutMs`. */
export class StallWatch {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #stalled: () => void;
  #running = false;

  constructor(context: SessionContext, outbox: Outbox, stalled: () => void) {
    this.#context = context;
    this.#outbox = outbox;
    this.#stalled = stalled;
  }

  /** Begins, unless it is running; ends by itself when the connection is no longer congested. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const intervalMs = this.#context.limits.stallTimeoutMs / 2;
    let queuedBefore = Number.POSITIVE_INFINITY;
    this.#context.deadlines.schedule(this.#context.now() + intervalMs, (now) => {
      const { congested, queuedBytes } = this.#outbox;
      const stalled = congested && queuedBytes >= queuedBefore;
      queuedBefore = queuedBytes;
      this.#running = congested && !stalled;
      if (stalled) this.#stalled();
      return this.#running ? now + intervalMs : null;
    });
  }
}
