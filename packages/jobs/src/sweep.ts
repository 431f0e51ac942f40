import type { Logger } from '@backside/protocol';

/** Of work that comes in all the time: often enough that little piles up. */
const SWEEP_EVERY_MS = 10_000;

export interface SweepOptions {
  /** Default 10 seconds. */
  readonly everyMs?: number;
  /** Removes some of what has lapsed; resolves with whether there was anything. */
  readonly some: () => Promise<boolean>;
  /** For the log: what is tried again if `some` rejects. */
  readonly failure: string;
  readonly logger: Logger;
}

/**
 * Removes in the background what has lapsed. Each time all of it, so that it keeps up with whatever comes in; never twice at the same
 * time.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #timer: NodeJS.Timeout;
  #busy = false;
  #closed = false;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#sweep(), options.everyMs ?? SWEEP_EVERY_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #sweep(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { some, failure, logger } = this.#options;
    try {
      while (!this.#closed && (await some()));
    } catch (error) {
      logger.warn({ err: error }, `${failure}; it is tried again`);
    } finally {
      this.#busy = false;
    }
  }
}
