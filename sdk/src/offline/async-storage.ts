import { defaultEnvironment, type Environment } from '../link/environment.js';
import { compareEntries, type KeyValue, type KeyValueEdit, type KeyValueEntry } from './key-value.js';
import { onlyOwner } from './owners.js';
import { DEFAULT_MAX_BYTES, StoredSync } from './stored-sync.js';
import type { Persistence } from './sync-store.js';

/** A key-value storage as React Native's AsyncStorage and others have it. What `setItem` resolved for must be durable. */
export interface AsyncStorage {
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
  getAllKeys(): Promise<readonly string[]>;
}

export interface KeyValueOptions {
  /** What cached data takes at most, in bytes of UTF-8; queued writes come on top. Default 50,000,000. */
  readonly maxBytes?: number;
  readonly environment?: Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'>;
}

/**
 * Persistence in any key-value storage. Keys begin with `backside/`; others are left alone. Only one client may use a name in a
 * storage at a time, since nothing here tells the queued writes of one from those of another.
 */
export function keyValue(storage: AsyncStorage, options: KeyValueOptions = {}): Persistence {
  return {
    open: (name, warn) =>
      new StoredSync({
        storage: new PrefixedStorage(storage, `backside/${encodeURIComponent(name)}/`),
        owners: onlyOwner(),
        maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
        environment: options.environment ?? defaultEnvironment(),
        warn,
      }),
  };
}

/** The keys of a storage that begin with a prefix, with calls put in order. */
class PrefixedStorage implements KeyValue {
  readonly #storage: AsyncStorage;
  readonly #prefix: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(storage: AsyncStorage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  get(key: string): Promise<string | null> {
    return this.#next(async () => (await this.#storage.getItem(this.#prefix + key)) ?? null);
  }

  write(edits: readonly KeyValueEdit[]): Promise<void> {
    return this.#next(async () => {
      for (const [key, value] of edits) {
        if (value === null) await this.#storage.removeItem(this.#prefix + key);
        else await this.#storage.setItem(this.#prefix + key, value);
      }
    });
  }

  entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    return this.#next(async () => {
      const entries: KeyValueEntry[] = [];
      for (const key of await this.#storage.getAllKeys()) {
        if (!key.startsWith(this.#prefix + prefix)) continue;
        const value = await this.#storage.getItem(key);
        if (value !== null && value !== undefined) entries.push([key.slice(this.#prefix.length), value]);
      }
      return entries.sort(compareEntries);
    });
  }

  async close(): Promise<void> {
    await this.#last;
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {
      // The caller has the error; the next call runs nevertheless.
    });
    return result;
  }
}
