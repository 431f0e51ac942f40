import type { Logger } from '@backside/protocol';
import { AccountsRecorder } from './accounts-recorder.js';
import { DeadLetterBound } from './dead-letter-bound.js';
import { Departed } from './departed.js';
import { Effects } from './effects.js';
import { FunctionDirectory } from './function-directory.js';
import { FunctionQueue } from './function-queue.js';
import { type FunctionStore, LeaseLostError } from './function-store.js';
import type { FunctionStatus, FunctionsLimits, FunctionsOptions } from './options.js';
import { PLACES } from './places.js';
import { Recorder } from './recorder.js';
import { Registry } from './registry.js';
import { Revivals } from './revivals.js';
import { Scheduler } from './scheduler.js';
import { Shadow } from './shadow.js';
import { asStored, type StoredEvent } from './stored-event.js';

/** Between two looks for new commits, due times and changed files, in milliseconds. */
const LOOK_MS = 20;
/** After a failure, before the next look. */
const AGAIN_MS = 500;
/** How long functions that run may go on when this ends, in milliseconds. */
const DRAIN_MS = 10_000;

export interface ActiveOptions {
  readonly options: FunctionsOptions;
  readonly limits: FunctionsLimits;
  readonly store: FunctionStore;
  readonly logger: Logger;
}

/** The functions of a database on the node that has their lease: records events, and runs them. */
export class ActiveFunctions {
  readonly #options: FunctionsOptions;
  readonly #limits: FunctionsLimits;
  readonly #store: FunctionStore;
  readonly #logger: Logger;
  readonly #directory: FunctionDirectory;
  readonly #registry: Registry;
  readonly #effects: Effects;
  readonly #recorder: Recorder;
  readonly #accounts: AccountsRecorder | null;
  readonly #scheduler: Scheduler;
  readonly #deadLetters: DeadLetterBound;
  readonly #revivals: Revivals;
  readonly #departed: Departed;
  readonly #queues = new Map<string, FunctionQueue>();
  #looking: Promise<void> = Promise.resolve();
  /** No event is begun any more. */
  #ending = false;
  /** Nothing is stored any more. */
  #ended = false;

  constructor({ options, limits, store, logger }: ActiveOptions) {
    this.#options = options;
    this.#limits = limits;
    this.#store = store;
    this.#logger = logger;
    const { database, accounts } = options;
    const recorded = (names: ReadonlySet<string>): void => this.#wake(names);
    this.#registry = new Registry({
      store,
      pointFor: ({ kind }) => {
        if (kind !== 'user-created' || accounts === undefined) return database;
        return { epoch: accounts.journal.epoch, revision: accounts.revision() };
      },
    });
    this.#effects = new Effects({ database, journal: options.journal, logger });
    const shadow = new Shadow(store.tree, limits.maxValueBytes);
    const shared = { ...options, store, logger, registry: this.#registry, recorded };
    this.#deadLetters = new DeadLetterBound(store, limits.maxDeadLetters);
    this.#recorder = new Recorder({ ...shared, shadow, deadLetters: this.#deadLetters });
    this.#accounts = accounts === undefined ? null : new AccountsRecorder({ ...shared, source: accounts });
    this.#scheduler = new Scheduler(shared);
    this.#departed = new Departed(shared);
    this.#revivals = new Revivals({
      store,
      effects: this.#effects,
      revived: (name, key) => this.#queues.get(name)?.revived(key),
    });
    this.#directory = new FunctionDirectory({
      ...limits,
      directory: options.directory,
      env: options.env ?? {},
      sleep: options.sleep,
      logger,
      answer: (event, request) => this.#effects.answer(event, request),
      log: (event, message) => logger.info({ event: event.id }, message),
      ready: () => this.#pump(),
    });
  }

  /** Loads the functions, records what happened while nobody did, and begins to run. Throws `not-found` without a directory. */
  async open(): Promise<void> {
    await this.#store.tree.refresh();
    await this.#effects.recall(this.#oldestHead());
    await this.#directory.open();
    this.#takeDeclared();
    await this.#look();
    this.#looking = this.#lookOn();
  }

  /** Since when events wait that are not finished. */
  #oldestHead(): number {
    const { tree } = this.#store;
    let oldest = this.#options.database.revision;
    for (const name of tree.keys(PLACES.pending)) {
      for (const key of tree.keys(PLACES.pendingOf(name), { limit: 1 })) {
        const stored = asStored<StoredEvent>(this.#store.json(PLACES.entry(name, key)));
        oldest = Math.min(oldest, stored?.head ?? oldest);
      }
    }
    return oldest;
  }

  #takeDeclared(): void {
    const all = this.#directory.declared();
    const declared = all.map((one) => one.declared);
    this.#registry.declare(declared, this.#directory.broken());
    const names = new Set(declared.map(({ name }) => name));
    for (const name of this.#queues.keys()) if (!names.has(name)) this.#queues.delete(name);
    for (const one of all) {
      const queue = this.#queues.get(one.declared.name);
      if (queue === undefined) this.#queues.set(one.declared.name, this.#newQueue(one));
      else queue.redeclare(one.declared);
    }
  }

  #newQueue(one: ReturnType<FunctionDirectory['declared']>[number]): FunctionQueue {
    const { now, sleep } = this.#options;
    const queue: FunctionQueue = new FunctionQueue({
      ...one,
      now,
      sleep,
      logger: this.#logger,
      store: this.#store,
      effects: this.#effects,
      limits: this.#limits,
      deadLetters: this.#deadLetters,
      isEnding: () => this.#ending || this.#queues.get(one.declared.name) !== queue,
      isClosed: () => this.#ended,
    });
    return queue;
  }

  #wake(names: ReadonlySet<string>): void {
    for (const name of names) this.#queues.get(name)?.wake();
  }

  #pump(): void {
    for (const queue of this.#queues.values()) queue.pump();
  }

  async #look(): Promise<boolean> {
    if (await this.#directory.refresh()) this.#takeDeclared();
    const worked = await this.#recorder.step();
    await this.#accounts?.step();
    await this.#scheduler.step();
    await this.#revivals.step();
    await this.#departed.step();
    await this.#deadLetters.trim();
    this.#pump();
    return worked;
  }

  async #lookOn(): Promise<void> {
    while (!this.#ending) {
      try {
        if (!(await this.#look())) await this.#options.sleep(LOOK_MS);
      } catch (error) {
        if (error instanceof LeaseLostError) return;
        this.#logger.warn({ err: error }, 'the events of functions cannot be recorded; trying again');
        await this.#options.sleep(AGAIN_MS);
      }
    }
  }

  status(): FunctionStatus[] {
    return Array.from(this.#queues.values(), ({ status }) => status);
  }

  /** Begins nothing more; what runs may end in its own time up to some seconds, unless the lease is lost. */
  async close(lost: boolean): Promise<void> {
    this.#ending = true;
    await this.#looking;
    const step = 20;
    const running = (): boolean => [...this.#queues.values()].some((queue) => queue.running > 0);
    for (let waited = 0; !lost && waited < DRAIN_MS && running(); waited += step) await this.#options.sleep(step);
    this.#ended = true;
    await this.#directory.close();
  }
}
