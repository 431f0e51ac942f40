import { randomUUID } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { LRUCache } from 'lru-cache';
import type { Bucket, Cache, CacheStats, LimiterAnswer } from '../cache.js';
import { type BucketLevel, takeTokens } from './token-bucket.js';

const DEFAULT_MAX_ENTRIES = 100_000;
const DEFAULT_MAX_BYTES = 64 * 2 ** 20;

export interface MemoryCacheOptions {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Default 100,000; values, locks and buckets each. */
  readonly maxEntries?: number;
  /** Characters of keys and values together. Default 64 MiB. */
  readonly maxBytes?: number;
}

interface Entry {
  readonly value: string;
  /** On the clock of the options; infinite if it stays. */
  readonly endsAt: number;
}

/** A cache of this process alone: the least recently used goes when there is no room. */
export function createMemoryCache(options: MemoryCacheOptions): Cache {
  return new MemoryCache(options);
}

class MemoryCache implements Cache {
  readonly #now: () => number;
  readonly #maxEntries: number;
  readonly #values: LRUCache<string, Entry>;
  readonly #locks: LRUCache<string, Entry>;
  readonly #buckets: LRUCache<string, BucketLevel>;
  readonly #counts = { hits: 0, misses: 0, inserted: 0, deleted: 0, cleanups: 0 };
  #closed = false;

  constructor({ now, maxEntries = DEFAULT_MAX_ENTRIES, maxBytes = DEFAULT_MAX_BYTES }: MemoryCacheOptions) {
    this.#now = now;
    this.#maxEntries = maxEntries;
    this.#values = new LRUCache<string, Entry>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ value }, key) => key.length + value.length + 1,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#counts.cleanups += 1;
      },
    });
    this.#locks = new LRUCache<string, Entry>({ max: maxEntries });
    this.#buckets = new LRUCache<string, BucketLevel>({ max: maxEntries });
  }

  get up(): boolean {
    return !this.#closed;
  }

  async get(key: string): Promise<string | null> {
    const value = this.#live(this.#values, key)?.value ?? null;
    this.#counts[value === null ? 'misses' : 'hits'] += 1;
    return value;
  }

  async put(key: string, value: string, ttlMs = 0): Promise<void> {
    this.#assertOpen();
    this.#counts.inserted += 1;
    this.#values.set(key, this.#entry(value, ttlMs));
  }

  async incr(key: string, by: number, ttlMs = 0): Promise<number> {
    const known = this.#live(this.#values, key);
    const sum = wholeNumber(known?.value ?? '0') + by;
    const entry = known === undefined ? this.#entry(String(sum), ttlMs) : { ...known, value: String(sum) };
    this.#counts.inserted += 1;
    this.#values.set(key, entry);
    return sum;
  }

  async del(key: string): Promise<boolean> {
    const known = this.#live(this.#values, key) !== undefined;
    if (known) this.#counts.deleted += 1;
    this.#values.delete(key);
    return known;
  }

  async clear(): Promise<void> {
    for (const held of [this.#values, this.#locks, this.#buckets]) held.clear();
  }

  async keys(prefix: string, limit: number): Promise<readonly string[]> {
    this.#assertOpen();
    const found: string[] = [];
    const now = this.#now();
    for (const [key, { endsAt }] of this.#values.entries()) {
      if (found.length >= limit) break;
      if (key.startsWith(prefix) && endsAt > now) found.push(key);
    }
    return found;
  }

  async stats(): Promise<CacheStats> {
    const { size, calculatedSize } = this.#values;
    return { ...this.#counts, count: size, size: calculatedSize, max: this.#maxEntries };
  }

  async lock(name: string, ttlMs: number): Promise<string | null> {
    if (this.#live(this.#locks, name) !== undefined) return null;
    const token = randomUUID();
    this.#locks.set(name, this.#entry(token, ttlMs));
    return token;
  }

  async unlock(name: string, token: string): Promise<boolean> {
    if (this.#live(this.#locks, name)?.value !== token) return false;
    return this.#locks.delete(name);
  }

  async limiter(name: string, bucket: Bucket, cost = 1): Promise<LimiterAnswer> {
    this.#assertOpen();
    const { level, answer } = takeTokens(bucket, { known: this.#buckets.get(name), now: this.#now(), cost });
    this.#buckets.set(name, level);
    return answer;
  }

  async close(): Promise<void> {
    await this.clear();
    this.#closed = true;
  }

  #entry(value: string, ttlMs: number): Entry {
    return { value, endsAt: ttlMs > 0 ? this.#now() + ttlMs : Number.POSITIVE_INFINITY };
  }

  /** What is there and has not ended; what has ended is dropped. */
  #live(held: LRUCache<string, Entry>, key: string): Entry | undefined {
    this.#assertOpen();
    const entry = held.get(key);
    if (entry === undefined || entry.endsAt > this.#now()) return entry;
    held.delete(key);
    return undefined;
  }

  #assertOpen(): void {
    if (this.#closed) throw new BacksideError('unavailable', 'the cache is closed');
  }
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(number)) return number;
  throw new BacksideError('invalid-data', 'what the cache holds there is no whole number');
}
