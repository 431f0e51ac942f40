import { type Commit, toBacksideError } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { ListenOptions, Subscription } from './listener.js';

export interface LateStart {
  /** Resolves when the subscription can begin: with the commits it begins with, or null for a snapshot. */
  readonly prepare: () => Promise<readonly Commit[] | null>;
  /** Registers the subscription. Called right after `prepare`, in the same turn. May throw. */
  readonly subscribe: (tail: readonly Commit[] | null) => Subscription;
}

/** A subscription that has to wait for something before it can begin. What fails meanwhile cancels it. */
export class LateSubscription<Encoded> implements Subscription {
  readonly path: Path;
  readonly #options: ListenOptions<Encoded>;
  #subscription: Subscription | null = null;
  #paused = false;
  #ended = false;

  constructor(options: ListenOptions<Encoded>, start: LateStart) {
    this.path = options.path;
    this.#options = options;
    void this.#run(start);
  }

  async #run(start: LateStart): Promise<void> {
    try {
      const tail = await start.prepare();
      if (this.#ended) return;
      this.#subscription = start.subscribe(tail);
      if (this.#paused) this.#subscription.pause();
    } catch (error) {
      if (this.#ended) return;
      this.#ended = true;
      this.#options.listener.cancelled(toBacksideError(error));
    }
  }

  pause(): void {
    this.#paused = true;
    this.#subscription?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#subscription?.resume();
  }

  end(): void {
    this.#ended = true;
    this.#subscription?.end();
  }
}
