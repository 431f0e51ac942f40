import { toBacksideError } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { ListenOptions, Subscription } from './listener.js';

export interface LateStart<Prepared> {
  /** Resolves when the subscription can begin. */
  readonly prepare: () => Promise<Prepared>;
  /** Registers the subscription, some microtasks after `prepare` has resolved. May throw. */
  readonly subscribe: (prepared: Prepared) => Subscription;
}

/** A subscription that has to wait for something before it can begin. What fails meanwhile cancels it. */
export class LateSubscription<Encoded, Prepared> implements Subscription {
  readonly path: Path;
  readonly #options: ListenOptions<Encoded>;
  #subscription: Subscription | null = null;
  #paused = false;
  #ended = false;

  constructor(options: ListenOptions<Encoded>, start: LateStart<Prepared>) {
    this.path = options.path;
    this.#options = options;
    void this.#run(start);
  }

  async #run(start: LateStart<Prepared>): Promise<void> {
    try {
      const prepared = await start.prepare();
      if (this.#ended) return;
      this.#subscription = start.subscribe(prepared);
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
