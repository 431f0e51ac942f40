import type { Logger } from '@backside/protocol';
import type { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import type { Registry, WatchedFunction } from './registry.js';

/** For how long events of a function that is gone wait for it to come back, in milliseconds. */
const KEEP_MS = 24 * 3_600_000;
const LOOK_EVERY_MS = 60_000;

export interface DepartedOptions {
  readonly store: FunctionStore;
  readonly registry: Registry;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Drops what waits for functions that are there no more. Not at once: whoever replaces a file may remove it first, and finds the
 * events then that were recorded before.
 */
export class Departed {
  readonly #options: DepartedOptions;
  #seen: readonly WatchedFunction[] | null = null;
  #lookedAt = 0;

  constructor(options: DepartedOptions) {
    this.#options = options;
  }

  /** Looks when the functions have changed, and now and then. After a failure the next call looks again. */
  async step(): Promise<void> {
    const { registry, now } = this.#options;
    const time = now();
    const isDue = Math.abs(time - this.#lookedAt) >= LOOK_EVERY_MS || this.#seen !== registry.watched;
    if (!registry.settled || !isDue) return;
    await this.#look(time);
    this.#seen = registry.watched;
    this.#lookedAt = time;
  }

  async #look(time: number): Promise<void> {
    const { store, registry } = this.#options;
    const { tree } = store;
    const present = new Set(registry.watched.map(({ name }) => name));
    const waited = [...tree.keys(PLACES.pending), ...tree.keys(PLACES.triesAll)];
    const gone = new Set(waited.filter((name) => !present.has(name)));
    const marked = tree.keys(PLACES.gone);
    const back = marked.filter((name) => !gone.has(name));
    const lapsed = marked.filter((name) => gone.has(name) && this.#hasLapsed(name, time));
    const left = [...gone].filter((name) => !marked.includes(name));
    const changes = [
      ...back.map((name) => ({ path: PLACES.goneSince(name), value: null })),
      ...left.map((name) => ({ path: PLACES.goneSince(name), value: time })),
    ];
    if (changes.length > 0) await store.write(changes);
    for (const name of lapsed) await this.#drop(name);
  }

  #hasLapsed(name: string, time: number): boolean {
    return time - Number(this.#options.store.tree.read(PLACES.goneSince(name))) >= KEEP_MS;
  }

  async #drop(name: string): Promise<void> {
    const { store, logger } = this.#options;
    await store.write(
      [PLACES.pendingOf(name), PLACES.triesOf(name), PLACES.goneSince(name)].map((path) => ({ path, value: null })),
    );
    logger.warn({ function: name }, 'the events are dropped that waited for a function that is gone');
  }
}
