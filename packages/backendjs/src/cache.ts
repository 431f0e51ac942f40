/** Bounds of a token bucket: `max` tokens at most, of which `rate` come back every `intervalMs`. */
export interface Bucket {
  readonly rate: number;
  readonly max: number;
  readonly intervalMs: number;
}

export interface LimiterAnswer {
  readonly allowed: boolean;
  /** Milliseconds until as much would be allowed; 0 if it was, infinite if the bucket never holds as much. */
  readonly retryAfterMs: number;
}

/** Counters since the cache was opened, in the process that asks. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Values put, also over older ones. */
  readonly inserted: number;
  readonly deleted: number;
  /** Values that went because there was no room. */
  readonly cleanups: number;
  /** Values held now. */
  readonly count: number;
  /** About how many bytes of keys and values are held now; 0 if the server of the cache does not tell. */
  readonly size: number;
  /** The most values that are held; 0 if only memory bounds them. */
  readonly max: number;
}

/**
 * Short-lived texts by key. Nothing in it is durable: any value may be gone at any moment, so a user can always do without. Each call is
 * atomic by itself and in the order of calls of one process. Keys are any non-empty text. A time to live is in milliseconds; 0 or
 * absent keeps the value until it is displaced. Rejects with `unavailable` if the server of the cache cannot be reached within its
 * own bound of time, and with `invalid-data` if `incr` finds what is no whole number.
 */
export interface Cache {
  /** Whether calls can succeed now. */
  readonly up: boolean;
  /** Null if there is none, or its time is over. */
  get(key: string): Promise<string | null>;
  put(key: string, value: string, ttlMs?: number): Promise<void>;
  /** Adds `by` to the number at `key`, 0 if there is none, and returns the sum. `ttlMs` counts from the call that made the number. */
  incr(key: string, by: number, ttlMs?: number): Promise<number>;
  /** Whether there was a value. */
  del(key: string): Promise<boolean>;
  /** Removes all values, also locks and buckets. */
  clear(): Promise<void>;
  /** At most `limit` keys that begin with the prefix, in no order. */
  keys(prefix: string, limit: number): Promise<readonly string[]>;
  stats(): Promise<CacheStats>;
  /** Takes the lock for `ttlMs`, or null if somebody has it. The token proves ownership to `unlock`. */
  lock(name: string, ttlMs: number): Promise<string | null>;
  /** Gives the lock back; false if it is no longer the one of that token. */
  unlock(name: string, token: string): Promise<boolean>;
  /** Takes `cost` tokens (default 1) from the bucket of that name, or none. A bucket begins full; all who use one name give the same bounds. */
  limiter(name: string, bucket: Bucket, cost?: number): Promise<LimiterAnswer>;
  /** Releases everything; calls made later reject. */
  close(): Promise<void>;
}
