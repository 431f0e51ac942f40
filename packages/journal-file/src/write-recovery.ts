import type { FileJournalOptions } from './options.js';

/** Milliseconds before the first attempt; doubled after each, up to the last. */
const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;

/** After a failed write, tries again and again to have the journal written to. */
export class WriteRecovery {
  readonly #options: Pick<FileJournalOptions, 'sleep' | 'logger' | 'directory'>;
  readonly #attempt: () => Promise<void>;
  readonly #stopped: Promise<void>;
  #stop: () => void = () => undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** `attempt` rejects if the journal cannot be written yet. */
  constructor(options: Pick<FileJournalOptions, 'sleep' | 'logger' | 'directory'>, attempt: () => Promise<void>) {
    this.#options = options;
    this.#attempt = attempt;
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  begin(): void {
    if (!this.#isStopped) this.#running = this.#run();
  }

  /** Resolves once no attempt is under way; none will be made. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { sleep = sleepInBackground, logger, directory } = this.#options;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(LAST_DELAY_MS, 2 * delayMs)) {
      await Promise.race([sleep(delayMs), this.#stopped]);
      if (this.#isStopped) return;
      try {
        await this.#attempt();
        logger?.warn('the journal has recovered from a failed write', { directory });
        return;
      } catch (error) {
        logger?.warn('the journal still cannot be written', { directory, err: error });
      }
    }
  }
}

function sleepInBackground(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
