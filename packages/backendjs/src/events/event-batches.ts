import type { LegacyEvent } from './event.js';

/** More than these wait for nothing. */
const MAX_BATCH = 256;

/**
 * Collects events into batches: one is handed over when `intervalMs` have passed without a further event, at once if that is 0, and
 * whenever there are as many as a batch may have.
 */
export class EventBatches {
  readonly #intervalMs: number;
  readonly #deliver: (batch: LegacyEvent[]) => void;
  #events: LegacyEvent[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(intervalMs: number, deliver: (batch: LegacyEvent[]) => void) {
    this.#intervalMs = intervalMs;
    this.#deliver = deliver;
  }

  add(event: LegacyEvent): void {
    this.#events.push(event);
    if (this.#intervalMs === 0 || this.#events.length >= MAX_BATCH) this.flush();
    else if (this.#timer !== null) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.flush(), this.#intervalMs);
  }

  /** Hands over what there is now; false if there is nothing. */
  flush(): boolean {
    this.stop();
    const batch = this.#events;
    this.#events = [];
    if (batch.length > 0) this.#deliver(batch);
    return batch.length > 0;
  }

  /** Nothing is handed over after this by itself. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
