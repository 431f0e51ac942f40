import { randomUUID } from 'node:crypto';
import { BacksideError, type Logger } from '@backside/protocol';
import { ActiveFunctions } from './active-functions.js';
import { DeadLetters, type LetterName } from './dead-letters.js';
import { FunctionStore, LeaseLostError } from './function-store.js';
import { Lease } from './lease.js';
import {
  DEFAULT_FUNCTIONS_LIMITS,
  type FunctionDeadLetter,
  type FunctionStatus,
  type Functions,
  type FunctionsLimits,
  type FunctionsOptions,
} from './options.js';

/** How often a node shows that it lives, or looks whether the other one does, in milliseconds. */
const BEAT_MS = 1_000;
const DEFAULT_DEAD_LETTERS = 100;

/**
 * Runs the functions of a database on one of the nodes that share it. When it resolves, either this node runs them and every later commit
 * is seen, or another one does and this one stands by. Rejects with `not-found` if there is no directory.
 */
export async function createFunctions(options: FunctionsOptions): Promise<Functions> {
  const functions = new NodeFunctions(options);
  await functions.open();
  return functions;
}

class NodeFunctions implements Functions {
  readonly #options: FunctionsOptions;
  readonly #limits: FunctionsLimits;
  readonly #logger: Logger;
  readonly #deadLetters: DeadLetters;
  #lease: Lease;
  #holder = '';
  #functions: ActiveFunctions | null = null;
  #beating: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: FunctionsOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_FUNCTIONS_LIMITS, ...options.limits };
    this.#logger = options.logger;
    this.#deadLetters = new DeadLetters(options.tree);
    this.#lease = this.#newLease();
  }

  /** For one term: nobody, this node included, ever has the same holder again. */
  #newLease(): Lease {
    const { tree, journal, now, nodeId } = this.#options;
    this.#holder = `${nodeId}-${randomUUID()}`;
    return new Lease({ tree, holder: this.#holder, alone: !journal.supports.sharedBetweenNodes, now });
  }

  async open(): Promise<void> {
    try {
      if (await this.#lease.tryTake()) await this.#begin();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      this.#logger.warn({ err: error }, 'this node was too slow to begin with the functions; it stands by');
    }
    void this.#lead();
  }

  /** If it cannot, the lease is another's to take. */
  async #begin(): Promise<void> {
    const logger = this.#logger;
    const store = new FunctionStore(this.#options.tree, this.#holder);
    this.#functions = new ActiveFunctions({ options: this.#options, limits: this.#limits, store, logger });
    try {
      await this.#renewDuring(this.#functions.open());
    } catch (error) {
      await this.#end(false);
      throw error;
    }
    logger.info({ functions: this.status().length }, 'this node runs the functions');
  }

  /** Shows life while something takes long. Should the lease be lost, `work` finds out by itself. */
  async #renewDuring(work: Promise<void>): Promise<void> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    work.then(end, end);
    while (!done) {
      await Promise.race([work, this.#options.sleep(BEAT_MS)]);
      if (!done) await this.#lease.renew().catch((error: unknown) => this.#cannotRenew(error));
    }
    await work;
  }

  #cannotRenew(error: unknown): void {
    this.#logger.warn({ err: error }, 'the lease of the functions cannot be kept or looked at; trying again');
  }

  async #lead(): Promise<void> {
    for (;;) {
      await this.#options.sleep(BEAT_MS);
      if (this.#closed) return;
      this.#beating = this.#beat().catch((error: unknown) => this.#cannotRenew(error));
      await this.#beating;
    }
  }

  async #beat(): Promise<void> {
    if (this.#functions !== null) {
      if (await this.#lease.renew()) return;
      this.#logger.error({}, 'this node was taken for dead: another one runs the functions');
      await this.#end(true);
    } else if (await this.#lease.tryTake()) {
      await this.#begin();
    }
  }

  async #end(lost: boolean): Promise<void> {
    const functions = this.#functions;
    this.#functions = null;
    await functions?.close(lost);
    if (!lost) await this.#lease.release();
    this.#lease = this.#newLease();
  }

  get active(): boolean {
    return this.#functions !== null;
  }

  status(): FunctionStatus[] {
    return this.#functions?.status() ?? [];
  }

  deadLetters(limit: number = DEFAULT_DEAD_LETTERS): FunctionDeadLetter[] {
    return this.#deadLetters.list(limit);
  }

  async revive(letter: LetterName): Promise<void> {
    if (!(await this.#deadLetters.retry(letter))) throw new BacksideError('not-found', 'there is no such dead letter');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#beating;
    await this.#end(false);
  }
}
