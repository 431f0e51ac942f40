import type { WireWrite } from '../link/write.js';
import type { KeyValue, KeyValueEntry } from './key-value.js';
import { decodeWrite, encodeWrite, type QueuedWrite } from './stored-record.js';
import type { Warn } from './sync-store.js';

const PREFIX = 'w/';

/** Who else uses the storage at the same time. */
export interface Owners {
  /** Names this store among all that use the storage, also earlier ones. */
  readonly self: string;
  /** The owners that are alive, this one left out. */
  others(): Promise<ReadonlySet<string>>;
  /** Runs the task while no other owner runs one. */
  alone<T>(task: () => Promise<T>): Promise<T>;
}

export interface WriteQueueOptions {
  readonly storage: KeyValue;
  readonly owners: Owners;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly warn: Warn;
}

/**
 * The writes that wait for an answer, in the order in which they were made. A record's key is `w/TIME-COUNT-OWNER`, so the order
 * of keys is the order of writes, of one owner always and between owners as far as their clocks agree.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  /** Where the writes that this owner knows of are stored, by their idempotency keys. */
  readonly #places = new Map<string, string>();
  #lastMs = 0;
  #count = 0;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Takes over the writes that no living owner has, oldest first; those that this one has already are left out. */
  load(): Promise<readonly WireWrite[]> {
    return this.#options.owners.alone(() => this.#adopt());
  }

  async save(write: WireWrite): Promise<void> {
    const { storage, owners } = this.#options;
    const place = this.#nextPlace();
    this.#places.set(write.key, place);
    await storage.write([[place, encodeWrite({ owner: owners.self, write })]]);
  }

  async drop(key: string): Promise<void> {
    const place = this.#places.get(key) ?? (await this.#find(key));
    if (place === null) return;
    this.#places.delete(key);
    await this.#options.storage.write([[place, null]]);
  }

  /** Forgets where writes are; their records are the caller's to remove. */
  forget(): void {
    this.#places.clear();
  }

  async #adopt(): Promise<readonly WireWrite[]> {
    const { storage, owners } = this.#options;
    const living = await owners.others();
    const adopted: WireWrite[] = [];
    const edits: [string, string | null][] = [];
    for (const entry of await storage.entries(PREFIX)) {
      const queued = this.#decode(entry);
      if (queued === null) edits.push([entry[0], null]);
      else if (!living.has(queued.owner) && !this.#places.has(queued.write.key)) {
        adopted.push(queued.write);
        this.#places.set(queued.write.key, entry[0]);
        edits.push([entry[0], encodeWrite({ owner: owners.self, write: queued.write })]);
      }
      this.#lastMs = Math.max(this.#lastMs, timeOf(entry[0]) + 1);
    }
    if (edits.length > 0) await storage.write(edits);
    return adopted;
  }

  async #find(key: string): Promise<string | null> {
    for (const entry of await this.#options.storage.entries(PREFIX)) {
      if (this.#decode(entry)?.write.key === key) return entry[0];
    }
    return null;
  }

  #decode([key, text]: KeyValueEntry): QueuedWrite | null {
    try {
      return decodeWrite(text);
    } catch (cause) {
      this.#options.warn(`dropped a queued write that cannot be read (${key})`, cause);
      return null;
    }
  }

  #nextPlace(): string {
    const now = this.#options.now();
    if (now > this.#lastMs) {
      this.#lastMs = now;
      this.#count = 0;
    }
    const count = String(this.#count++).padStart(9, '0');
    return `${PREFIX}${String(this.#lastMs).padStart(15, '0')}-${count}-${this.#options.owners.self}`;
  }
}

function timeOf(place: string): number {
  const time = Number(place.slice(PREFIX.length, PREFIX.length + 15));
  return Number.isSafeInteger(time) ? time : 0;
}
