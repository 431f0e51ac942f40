import type { BackendjsContext } from '../context.js';
import { resumeRemovals } from './remove-account.js';

const LOOK_EVERY_MS = 60_000;

/** Ends the removals of accounts that were interrupted, here or elsewhere: looks for them at once and then each minute. */
export class InterruptedRemovals {
  readonly #context: BackendjsContext;
  readonly #timer: NodeJS.Timeout;
  #underWay: Promise<void> = Promise.resolve();

  constructor(context: BackendjsContext) {
    this.#context = context;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }

  /** One look after the other; what fails is tried again with the next one. */
  #look(): void {
    this.#underWay = this.#underWay
      .then(() => resumeRemovals(this.#context))
      .catch((error: unknown) =>
        this.#context.logger.warn({ err: error }, 'the removal of an account is interrupted; it goes on later'),
      );
  }
}
