import { BacksideError, type Commit } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import type { Change } from '@backside/tree';
import { type Environment, readMeta } from './environment.js';
import type { Meta, StoredIndex } from './meta.js';
import type { Disk } from './replica.js';

/** Commits after which a follower looks for a newer checkpoint without waiting for its timer. */
const COMMITS_PER_LOOK = 1000;

interface Waiter {
  isMet(meta: Meta): boolean;
  resolve(): void;
  reject(error: BacksideError): void;
}

/** A disk that another process writes: it is looked at from time to time, and what is asked of it is waited for. */
export class FollowedDisk implements Disk {
  readonly #environment: Environment;
  #changed: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #waiters: Waiter[] = [];
  #commits = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** From now on calls `changed` from time to time, when there may be a newer state. */
  watch(pollMs: number, changed: () => void): void {
    this.#changed = changed;
    this.#timer = setInterval(() => this.#look(), pollMs);
    this.#timer.unref();
  }

  enqueue(commits: readonly Commit[]): void {
    this.#commits += commits.length;
    if (this.#commits < COMMITS_PER_LOOK) return;
    this.#commits = 0;
    this.#changed();
  }

  async checkpoint(): Promise<void> {}

  /** Waits for the owner to have the indexes complete; for ever, if it was not told to make them. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    return this.#wait(({ indexes }) =>
      definitions.every((wanted) => indexes.some((index) => isIndexFor(index, wanted))),
    );
  }

  /** Waits for the owner to begin that history. */
  reset(epoch: string): Promise<void> {
    return this.#wait((meta) => meta.epoch === epoch);
  }

  async beginRestore(): Promise<void> {}

  /** Waits for the owner to have restored that state, or a later one; the entries are given up unread. */
  async endRestore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    await entries[Symbol.asyncIterator]().return?.();
    await this.#wait((meta) => meta.epoch === epoch && meta.revision >= revision);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { reject } of this.#waiters.splice(0))
      reject(new BacksideError('unavailable', 'the replica was closed'));
  }

  #look(): void {
    this.#changed();
    if (this.#waiters.length > 0) this.#settle();
  }

  #wait(isMet: (meta: Meta) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ isMet, resolve, reject });
      this.#settle();
    });
  }

  #settle(): void {
    this.#environment.root.resetReadTxn();
    const meta = readMeta(this.#environment);
    const met = this.#waiters.filter(({ isMet }) => isMet(meta));
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}

function isIndexFor({ definition, complete }: StoredIndex, { pattern, by }: IndexDefinition): boolean {
  return complete && JSON.stringify([definition.pattern, definition.by]) === JSON.stringify([pattern, by]);
}
