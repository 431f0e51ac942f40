import type { ListenTarget } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import type { WireWrite } from '../link/write.js';
import type { KeyValue } from './key-value.js';
import { ListenCache } from './listen-cache.js';
import type { StoredListen, SyncStore, Warn } from './sync-store.js';
import { type Owners, WriteQueue } from './write-queue.js';

/** What the cache of listened data takes at most unless told otherwise. */
export const DEFAULT_MAX_BYTES = 50_000_000;

export interface StoredSyncOptions {
  readonly storage: KeyValue;
  readonly owners: Owners;
  readonly maxBytes: number;
  readonly environment: Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly warn: Warn;
  /** Run once the store has let go of its storage. */
  readonly onClose?: () => void;
}

/** A `SyncStore` over any key-value storage. */
export class StoredSync implements SyncStore {
  readonly #options: StoredSyncOptions;
  readonly #listens: ListenCache;
  readonly #writes: WriteQueue;
  #closed = false;

  constructor(options: StoredSyncOptions) {
    this.#options = options;
    this.#listens = new ListenCache(options);
    this.#writes = new WriteQueue({ ...options, now: () => options.environment.now() });
  }

  async loadListen(target: ListenTarget): Promise<StoredListen | null> {
    try {
      return await this.#listens.load(target);
    } catch (cause) {
      this.#options.warn('stored data could not be read', cause);
      return null;
    }
  }

  saveListen(target: ListenTarget, read: () => StoredListen | null): void {
    if (!this.#closed) this.#listens.save(target, read);
  }

  dropListen(target: ListenTarget): Promise<void> {
    return this.#listens.drop(target);
  }

  hold(target: ListenTarget): () => void {
    return this.#listens.hold(target);
  }

  async loadWrites(): Promise<readonly WireWrite[]> {
    try {
      return await this.#writes.load();
    } catch (cause) {
      this.#options.warn('queued writes could not be read', cause);
      return [];
    }
  }

  /** Gives up cached data for a queued write where there is no room for both. */
  async saveWrite(write: WireWrite): Promise<void> {
    try {
      await this.#writes.save(write);
    } catch (cause) {
      this.#options.warn('a queued write did not fit; evicting listened data for it', cause);
      await this.#listens.shrink();
      await this.#writes.save(write);
    }
  }

  dropWrite(key: string): Promise<void> {
    return this.#writes.drop(key);
  }

  flush(): Promise<void> {
    return this.#listens.flush();
  }

  async clear(): Promise<void> {
    const { storage } = this.#options;
    this.#listens.forget();
    await this.flush();
    this.#writes.forget();
    const stored = await storage.entries('');
    await storage.write(stored.map(([key]) => [key, null]));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    await this.#options.storage.close();
    this.#options.onClose?.();
  }
}
