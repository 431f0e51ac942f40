import type { BackendjsContext } from '../context.js';
import { resumeRemovals } from './remove-account.js';

const LOOK_EVERY_MS = 60_000;

/** Ends the removals of accounts that were interrupted, here or elsewhere: looks for them at once and then each minute. */
export class InterruptedRemovals {
  readonly #context: BackendjsContext;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;
  #underWay: Promise<void> = Promise.resolve();

  constructor(context: BackendjsContext) {
    this.#context = context;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Resolves once nothing is under way: the removal at hand is ended, those behind it are left to others or to the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#underWay;
  }

  /** One look after the other; what fails is tried again with the next one. */
  #look(): void {
    const { logger } = this.#context;
    const isClosed = (): boolean => this.#isClosed;
    const failed = (id: string, err: unknown): void =>
      logger.warn({ err, id }, 'the removal of an account is interrupted; it goes on later');
    this.#underWay = this.#underWay
      .then(() => resumeRemovals(this.#context, { isClosed, failed }))
      .catch((err: unknown) => logger.warn({ err }, 'no interrupted removals could be looked up; they go on later'));
  }
}
