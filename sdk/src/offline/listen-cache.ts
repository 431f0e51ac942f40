import type { ListenTarget } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { evict, removalOf, STATE_PREFIX, USE_PREFIX } from './eviction.js';
import type { KeyValue, KeyValueEdit } from './key-value.js';
import { decodeListen, encodeListen, encodeUse, listenName } from './stored-record.js';
import type { StoredListen, Warn } from './sync-store.js';

/** Until a changed listen is saved, at least. */
const SAVE_DELAY_MS = 200;
/** Saving takes at most this part of the time: after a save that took 50 ms the next one waits for 1 s. */
const SAVE_SHARE = 1 / 20;

export interface ListenCacheOptions {
  readonly storage: KeyValue;
  /** What the states of listens may take, in bytes of UTF-8. */
  readonly maxBytes: number;
  readonly environment: Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly warn: Warn;
}

/** The states of listens, saved in the background and bounded in size. */
export class ListenCache {
  readonly #options: ListenCacheOptions;
  readonly #changed = new Map<string, () => StoredListen | null>();
  /** How many listen, by the name of the listen. */
  readonly #held = new Map<string, number>();
  #timer: unknown = null;
  #lastSaveMs = 0;
  #saving: Promise<void> = Promise.resolve();
  /** What was written since the size of the whole was looked at last; that is done at the first save, too. */
  #unseenBytes = Number.POSITIVE_INFINITY;

  constructor(options: ListenCacheOptions) {
    this.#options = options;
  }

  async load(target: ListenTarget): Promise<StoredListen | null> {
    const { storage, warn } = this.#options;
    const name = listenName(target);
    const text = await storage.get(STATE_PREFIX + name);
    if (text === null) return null;
    try {
      return decodeListen(text);
    } catch (cause) {
      warn(`dropped the stored state of ${name}, which cannot be read`, cause);
      await storage.write(removalOf(name));
      return null;
    }
  }

  save(target: ListenTarget, read: () => StoredListen | null): void {
    this.#changed.set(listenName(target), read);
    if (this.#timer !== null) return;
    const delayMs = Math.max(SAVE_DELAY_MS, this.#lastSaveMs / SAVE_SHARE);
    this.#timer = this.#options.environment.setTimeout(() => void this.flush(), delayMs);
  }

  drop(target: ListenTarget): Promise<void> {
    const name = listenName(target);
    this.#changed.delete(name);
    return this.#options.storage.write(removalOf(name));
  }

  hold(target: ListenTarget): () => void {
    const name = listenName(target);
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
    let holding = true;
    return () => {
      if (!holding) return;
      holding = false;
      const left = this.#held.get(name)! - 1;
      if (left > 0) this.#held.set(name, left);
      else this.#held.delete(name);
    };
  }

  /**
   * Saves what has changed. The storage has it before this returns, as a page that ends leaves no later time; resolves once that
   * and all before it would survive. Never rejects: what cannot be saved is reported and given up until it changes again.
   */
  flush(): Promise<void> {
    this.#stopTimer();
    const saved = this.#save();
    this.#saving = this.#saving.then(() => saved);
    return this.#saving;
  }

  /** Makes room: evicts until half of the bound is free. Never rejects. */
  shrink(): Promise<void> {
    return this.#evict(this.#options.maxBytes / 2);
  }

  /** Forgets what waits to be saved. */
  forget(): void {
    this.#stopTimer();
    this.#changed.clear();
  }

  async #save(): Promise<void> {
    const { environment, storage, maxBytes } = this.#options;
    const startedAt = environment.now();
    const edits = this.#takeEdits();
    if (edits.length === 0) return;
    try {
      await storage.write(edits);
    } catch (cause) {
      this.#options.warn('listened data could not be saved', cause);
      await this.shrink();
    }
    if (this.#unseenBytes > maxBytes / 16) {
      this.#unseenBytes = 0;
      await this.#evict(maxBytes);
    }
    this.#lastSaveMs = environment.now() - startedAt;
  }

  #takeEdits(): KeyValueEdit[] {
    const { environment, maxBytes, warn } = this.#options;
    const edits: KeyValueEdit[] = [];
    for (const [name, read] of this.#changed) {
      const state = read();
      if (state === null) continue;
      const text = encodeListen(state);
      const bytes = byteLength(text);
      this.#unseenBytes += bytes;
      if (bytes > maxBytes) {
        warn(`${name} is too large to be kept: ${bytes} bytes of ${maxBytes}`);
        edits.push(...removalOf(name));
      } else {
        const use = encodeUse({ at: environment.now(), bytes });
        edits.push([USE_PREFIX + name, use], [STATE_PREFIX + name, text]);
      }
    }
    this.#changed.clear();
    return edits;
  }

  async #evict(maxBytes: number): Promise<void> {
    try {
      await evict({ ...this.#options, maxBytes, held: this.#held });
    } catch (cause) {
      this.#options.warn('no room could be made for listened data', cause);
    }
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.#options.environment.clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}
