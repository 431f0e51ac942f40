import type { Logger } from '@backside/protocol';

/** Work whose duration an answer must not show, such as sending a mail only if the account exists. */
export class Background {
  readonly #logger: Logger;
  readonly #running: Set<Promise<void>> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Begins `task` after the caller's own turn; a failure is logged under `name`. At most 1,000 run; more are dropped, and logged. */
  run(name: string, task: () => Promise<void>): void {
    if (this.#running.size >= 1000) {
      this.#logger.error({ task: name }, 'too much work in the background; dropped');
      return;
    }
    const running = Promise.resolve()
      .then(task)
      .catch((error: unknown) => this.#logger.error({ task: name, error }, 'work in the background failed'))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when everything that was begun is done. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
