import type { PrivateValue } from '@backside/auth';
import type { DeadLetterBound } from './dead-letter-bound.js';
import type { FunctionEvent } from './define.js';
import type { Effects } from './effects.js';
import type { FunctionFile } from './function-file.js';
import { type FunctionStore, LeaseLostError } from './function-store.js';
import { RunFailure } from './function-thread.js';
import type { FunctionStatus, FunctionsLimits, FunctionsOptions } from './options.js';
import { PLACES } from './places.js';
import type { DeclaredFunction } from './registry.js';
import { asStored, deadEntry, type StoredEvent, type StoredTries } from './stored-event.js';

/** Entries looked at at a time. */
const PAGE = 100;
/** Events that wait for their next try; with more, no new ones are begun. */
const MAX_WAITING = 1_000;
const MAX_BACKOFF_MS = 10 * 60_000;
/** Between two tries to store what came of an event, in milliseconds. */
const STORE_AGAIN_MS = 500;
/** Characters of a reason that are kept. */
const MAX_REASON = 2_000;

export interface FunctionQueueOptions extends Pick<FunctionsOptions, 'now' | 'sleep' | 'logger'> {
  readonly declared: DeclaredFunction;
  readonly file: FunctionFile;
  readonly store: FunctionStore;
  readonly effects: Effects;
  readonly limits: FunctionsLimits;
  readonly deadLetters: DeadLetterBound;
  /** Whether no event is begun any more. */
  readonly isEnding: () => boolean;
  /** Whether nothing is stored any more. */
  readonly isClosed: () => boolean;
}

/** The events of one function that wait, run, and wait again. */
export class FunctionQueue {
  readonly #options: FunctionQueueOptions;
  readonly #running = new Set<string>();
  /** By entry. */
  readonly #waiting = new Map<string, StoredTries>();
  #page: string[] = [];
  /** The last entry that was begun. */
  #cursor: string | undefined;
  #mayHaveMore = true;
  #succeeded = 0;
  #failed = 0;
  #dead = 0;
  declared: DeclaredFunction;

  constructor(options: FunctionQueueOptions) {
    this.#options = options;
    this.declared = options.declared;
    const { store, declared } = options;
    for (const key of store.tree.keys(PLACES.triesOf(declared.name))) {
      const tries = asStored<StoredTries>(store.json(PLACES.tries(declared.name, key)));
      if (tries !== null && store.tree.read(PLACES.entry(declared.name, key)) !== null) this.#waiting.set(key, tries);
    }
  }

  /** What the function is now: its events may have other keys than those read so far. */
  redeclare(declared: DeclaredFunction): void {
    this.declared = declared;
    this.#page = [];
    this.#cursor = undefined;
    this.#mayHaveMore = true;
  }

  get status(): FunctionStatus {
    return {
      name: this.declared.name,
      trigger: this.declared.trigger.kind,
      running: this.#running.size,
      waiting: this.#waiting.size,
      succeeded: this.#succeeded,
      failed: this.#failed,
      dead: this.#dead,
    };
  }

  get running(): number {
    return this.#running.size;
  }

  /** There are new entries. */
  wake(): void {
    this.#mayHaveMore = true;
  }

  /** A dead letter is to run again: it stands among the entries. */
  revived(key: string): void {
    this.#waiting.set(key, { attempts: 0, notBefore: 0, reason: '' });
  }

  /** Begins whatever can be. */
  pump(): void {
    while (!this.#options.isEnding()) {
      const key = this.#next();
      if (key === null) return;
      void this.#run(key);
    }
  }

  #next(): string | null {
    const kept = this.declared.options.order === 'kept';
    if (this.#running.size >= (kept ? 1 : this.#options.limits.concurrency)) return null;
    const due = this.#nextDue();
    if (due !== null) return due;
    if (this.#waiting.size >= (kept ? 1 : MAX_WAITING)) return null;
    const key = this.#nextNew();
    return key !== null && this.#canRun(key) ? this.#begin(key) : null;
  }

  #nextDue(): string | null {
    const now = this.#options.now();
    for (const [key, { notBefore }] of this.#waiting) {
      if (notBefore <= now && !this.#running.has(key) && this.#canRun(key)) return key;
    }
    return null;
  }

  #nextNew(): string | null {
    while (this.#page.length > 0 || this.#mayHaveMore) {
      if (this.#page.length === 0) this.#readPage();
      const key = this.#page[0];
      if (key === undefined) return null;
      if (!this.#waiting.has(key) && !this.#running.has(key)) return key;
      this.#page.shift();
    }
    return null;
  }

  #readPage(): void {
    const { store } = this.#options;
    this.#page = store.tree.keys(PLACES.pendingOf(this.declared.name), { after: this.#cursor, limit: PAGE });
    this.#cursor = this.#page.at(-1) ?? this.#cursor;
    this.#mayHaveMore = this.#page.length > 0;
  }

  #begin(key: string): string {
    this.#page.shift();
    return key;
  }

  #canRun(key: string): boolean {
    return this.#options.file.canRun(this.#entry(key));
  }

  #entry(key: string): string {
    return `${this.declared.name}/${key}`;
  }

  #stored(key: string): StoredEvent | null {
    return asStored<StoredEvent>(this.#options.store.json(PLACES.entry(this.declared.name, key)));
  }

  async #run(key: string): Promise<void> {
    const stored = this.#stored(key);
    const tries = this.#waiting.get(key);
    if (stored === null) {
      this.#waiting.delete(key);
      return;
    }
    this.#running.add(key);
    const attempt = (tries?.attempts ?? 0) + 1;
    try {
      await this.#try(key, { ...stored.event, attempt } as FunctionEvent);
      this.#succeeded += 1;
      await this.#finish(key, stored, []);
    } catch (error) {
      await this.#failedWith(error, { key, stored, attempt });
    } finally {
      this.#running.delete(key);
      this.pump();
    }
  }

  #try(key: string, event: FunctionEvent): Promise<void> {
    const { file, limits } = this.#options;
    const { name, options } = this.declared;
    const exportName = name.slice(name.indexOf(':') + 1);
    const timeoutMs = options.timeoutMs ?? limits.timeoutMs;
    return file.run({ entry: this.#entry(key), exportName, event, timeoutMs });
  }

  async #failedWith(error: unknown, tried: Tried): Promise<void> {
    const { key, attempt, stored } = tried;
    const { limits, logger, isClosed } = this.#options;
    if (isClosed() || error instanceof LeaseLostError) return;
    if (error instanceof RunFailure && error.inCompany) {
      this.#waiting.set(key, this.#waiting.get(key) ?? { attempts: attempt - 1, notBefore: 0, reason: '' });
      return;
    }
    this.#failed += 1;
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
    const fields = { function: this.declared.name, event: stored.event.id, attempt, reason };
    logger.warn(fields, 'a function failed');
    const attempts = this.declared.options.attempts ?? limits.attempts;
    const permanent = error instanceof RunFailure && error.permanent;
    if (permanent || attempt >= attempts) await this.#giveUp(tried, reason);
    else await this.#wait(tried, reason);
  }

  async #wait({ key, attempt }: Tried, reason: string): Promise<void> {
    const { now, limits } = this.#options;
    const first = this.declared.options.backoffMs ?? limits.backoffMs;
    const notBefore = now() + Math.min(MAX_BACKOFF_MS, first * 2 ** (attempt - 1));
    const tries: StoredTries = { attempts: attempt, notBefore, reason };
    this.#waiting.set(key, tries);
    await this.#keep([{ path: PLACES.tries(this.declared.name, key), value: JSON.stringify(tries) }]);
  }

  async #giveUp({ key, stored, attempt }: Tried, reason: string): Promise<void> {
    const { now, deadLetters } = this.#options;
    const { name } = this.declared;
    this.#dead += 1;
    await this.#finish(key, stored, [deadEntry(name, key, { ...stored, reason, attempts: attempt, time: now() })]);
    deadLetters.note(name);
  }

  /** Nothing more is to be done for an entry. */
  async #finish(key: string, stored: StoredEvent, also: readonly PrivateValue[]): Promise<void> {
    const { name } = this.declared;
    await this.#keep([
      { path: PLACES.entry(name, key), value: null },
      { path: PLACES.tries(name, key), value: null },
      ...also,
    ]);
    this.#waiting.delete(key);
    this.#options.effects.forget(stored.event.id);
  }

  /** Stores what came of an event, however long that takes; gives up only when this node no longer runs the functions. */
  async #keep(changes: readonly PrivateValue[]): Promise<void> {
    const { store, isClosed, sleep, logger } = this.#options;
    while (!isClosed()) {
      try {
        await store.writeSoon(changes);
        return;
      } catch (error) {
        if (error instanceof LeaseLostError) return;
        logger.warn({ err: error }, 'what came of an event cannot be stored; trying again');
      }
      await sleep(STORE_AGAIN_MS);
    }
  }
}

/** A try of an entry that failed. */
interface Tried {
  readonly key: string;
  readonly stored: StoredEvent;
  readonly attempt: number;
}
