import { randomUUID } from 'node:crypto';
import type { Bucket, Cache, CacheStats, LimiterAnswer } from '@backside/backendjs/cache';
import { BacksideError, type Logger } from '@backside/protocol';
import { Redis } from 'ioredis';
import { ADD, TAKE, UNLOCK } from './scripts.js';

const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const LAST_PAUSE_MS = 5_000;
/** Keys that one step of a scan looks at. */
const SCAN_COUNT = 500;

export interface RedisCacheOptions {
  /** `redis://user:secret@host:port/db`, or `rediss://` for TLS. */
  readonly url: string;
  /** What all keys begin with: caches of the same prefix are one. */
  readonly prefix: string;
  readonly logger: Logger;
}

/**
 * A cache in Redis, which all processes and nodes share. While the server is out of reach calls reject with `unavailable`, at once if
 * that is known and else within two seconds; the connection is made again by itself. Resolves when it is connected, or has tried once.
 */
export async function createRedisCache(options: RedisCacheOptions): Promise<Cache> {
  const redis = new Redis(options.url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(LAST_PAUSE_MS, 100 * 2 ** Math.min(times, 6)),
  });
  let told = false;
  redis.on('error', (error: Error) => {
    if (!told) options.logger.warn({ problem: error.message }, 'the server of the cache is out of reach');
    told = true;
  });
  redis.on('ready', () => {
    if (told) options.logger.info({}, 'the server of the cache is in reach again');
    told = false;
  });
  await redis.connect().catch((error: Error) => redis.emit('error', error));
  return new RedisCache(redis, options.prefix);
}

class RedisCache implements Cache {
  readonly #redis: Redis;
  readonly #prefix: string;
  #closed = false;
  readonly #counts = { hits: 0, misses: 0, inserted: 0, deleted: 0, cleanups: 0 };

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  get up(): boolean {
    return !this.#closed && this.#redis.status === 'ready';
  }

  async get(key: string): Promise<string | null> {
    const value = await this.#ask((redis) => redis.get(this.#key('v', key)));
    this.#counts[value === null ? 'misses' : 'hits'] += 1;
    return value;
  }

  async put(key: string, value: string, ttlMs = 0): Promise<void> {
    const name = this.#key('v', key);
    await this.#ask((redis) => (ttlMs > 0 ? redis.set(name, value, 'PX', Math.ceil(ttlMs)) : redis.set(name, value)));
    this.#counts.inserted += 1;
  }

  async incr(key: string, by: number, ttlMs = 0): Promise<number> {
    const sum = await this.#ask((redis) => redis.eval(ADD, 1, this.#key('v', key), by, Math.ceil(ttlMs)));
    this.#counts.inserted += 1;
    return Number(sum);
  }

  async del(key: string): Promise<boolean> {
    const known = (await this.#ask((redis) => redis.del(this.#key('v', key)))) > 0;
    if (known) this.#counts.deleted += 1;
    return known;
  }

  async clear(): Promise<void> {
    for await (const keys of this.#scan('')) await this.#ask((redis) => redis.unlink(...keys));
  }

  async keys(prefix: string, limit: number): Promise<readonly string[]> {
    const begin = this.#key('v', '');
    // A scan may tell a key twice.
    const found = new Set<string>();
    for await (const keys of this.#scan(`v:${prefix}`)) {
      for (const key of keys) if (found.size < limit) found.add(key.slice(begin.length));
      if (found.size >= limit) break;
    }
    return [...found];
  }

  async stats(): Promise<CacheStats> {
    let count = 0;
    for await (const keys of this.#scan('v:')) count += keys.length;
    return { ...this.#counts, count, size: 0, max: 0 };
  }

  async lock(name: string, ttlMs: number): Promise<string | null> {
    const token = randomUUID();
    const taken = await this.#ask((redis) =>
      redis.set(this.#key('l', name), token, 'PX', Math.max(1, Math.ceil(ttlMs)), 'NX'),
    );
    return taken === null ? null : token;
  }

  async unlock(name: string, token: string): Promise<boolean> {
    return (await this.#ask((redis) => redis.eval(UNLOCK, 1, this.#key('l', name), token))) === 1;
  }

  async limiter(name: string, bucket: Bucket, cost = 1): Promise<LimiterAnswer> {
    const { rate, max, intervalMs } = bucket;
    const answer = await this.#ask((redis) => redis.eval(TAKE, 1, this.#key('b', name), rate, max, intervalMs, cost));
    const missing = Number(answer);
    if (missing === 0) return { allowed: true, retryAfterMs: 0 };
    const never = cost > max || rate <= 0;
    return {
      allowed: false,
      retryAfterMs: never ? Number.POSITIVE_INFINITY : Math.ceil((missing * intervalMs) / rate),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#redis.disconnect();
  }

  #key(kind: 'v' | 'l' | 'b', name: string): string {
    return `${this.#prefix}:cache:${kind}:${name}`;
  }

  /** The keys of this cache that begin so, some at a time. */
  async *#scan(begin: string): AsyncGenerator<string[]> {
    const match = `${escapePattern(`${this.#prefix}:cache:${begin}`)}*`;
    let cursor = '0';
    do {
      const [next, keys] = await this.#ask((redis) => redis.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT));
      cursor = next;
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }

  async #ask<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    try {
      return await command(this.#redis);
    } catch (cause) {
      const { message } = cause as Error;
      if (/not an integer|out of range|overflow/.test(message))
        throw new BacksideError('invalid-data', 'what the cache holds there is no whole number', { cause });
      throw new BacksideError('unavailable', 'the cache is out of reach', { cause });
    }
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, '\\$&');
}
