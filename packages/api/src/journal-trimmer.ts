import type { DatabaseOptions } from './database-options.js';

/** Lets the journal drop what a new process would not need: what the replica has on disk. */
export class JournalTrimmer {
  readonly #options: Pick<DatabaseOptions, 'journal' | 'replica' | 'logger'>;
  #trimmed = 0;

  constructor(options: Pick<DatabaseOptions, 'journal' | 'replica' | 'logger'>) {
    this.#options = options;
  }

  /** Called after each batch; does something once the replica has more on disk than the last time. */
  trim(): void {
    const { journal, replica, logger } = this.#options;
    const safe = replica.supports.persistent || journal.supports.durability === 'none';
    if (!safe || replica.checkpointed <= this.#trimmed) return;
    this.#trimmed = replica.checkpointed;
    journal.trim(this.#trimmed).catch((error: unknown) => {
      logger.warn({ err: error }, 'the journal could not be trimmed');
    });
  }
}
