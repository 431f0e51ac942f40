import { createHash } from 'node:crypto';
import type { Logger } from '@backside/protocol';
import type { Bucket, Cache } from '../cache.js';
import type { Credential } from '../credentials/credential.js';
import { LegacyError } from '../http/legacy-error.js';
import type { LegacyMetrics } from '../options.js';
import type { BackendjsSettings } from '../settings.js';
import { DEFAULT_INTERVAL_MS } from './limit-settings.js';

/**
 * Token buckets by address, by address and path, by login and by account, as the settings say; none are in force that no setting names.
 * They are kept in the cache, so that all servers of one cache count together. While the cache cannot be asked nobody is refused.
 */
export class RateLimits {
  readonly #parts: RateLimitParts;

  constructor(parts: RateLimitParts) {
    this.#parts = parts;
  }

  /** Throws 429. */
  async address(address: string, path: string): Promise<void> {
    await this.#take('ip', address, this.#bounds('ip'));
    await this.#take('path', `${address}${path}`, this.#bounds('path'));
  }

  /** By the login that a request claims: before anything is proven. */
  login(login: string): Promise<void> {
    return this.#take('login', login, this.#bounds('login'));
  }

  /** By account, with its own bounds if it has some. */
  account(credential: Credential): Promise<void> {
    const { rlimitsRate: rate, rlimitsMax: max } = credential;
    const own = rate > 0 ? this.#shared({ rate, max: max || rate, intervalMs: DEFAULT_INTERVAL_MS }) : null;
    return this.#take('id', credential.id, own ?? this.#bounds('id'));
  }

  /** Slows guessing of secrets down, whatever the settings say: per login and address, and per login. */
  async guess(login: string, address: string): Promise<void> {
    await this.#take('guess', `${login}\n${address}`, { rate: 20, max: 20, intervalMs: 60_000 });
    await this.#take('guess', login, { rate: 120, max: 120, intervalMs: 60_000 });
  }

  #bounds(what: string): Bucket | null {
    const bounds = this.#parts.settings().rateLimits.get(what);
    return bounds === undefined ? null : this.#shared(bounds);
  }

  /** What this server may take of bounds that hold for all. */
  #shared({ rate, max, intervalMs }: Bucket): Bucket {
    const total = this.#parts.settings().rateTotal;
    return { rate: rate / total, max: Math.max(1, max / total), intervalMs };
  }

  async #take(what: string, key: string, bucket: Bucket | null): Promise<void> {
    if (bucket === null) return;
    const { cache, logger, metrics } = this.#parts;
    // What clients send may be long, and is kept for a while.
    const name = createHash('sha256').update(key).digest('base64url');
    try {
      const { allowed } = await cache.limiter(`rlimits:${what}:${name}`, bucket);
      if (allowed) return;
    } catch (error) {
      logger.warn({ err: error }, 'rate limits are not in force: the cache does not answer');
      return;
    }
    metrics.count(what);
    throw new LegacyError(429, 'Access limit reached, please try again later.');
  }
}

interface RateLimitParts {
  readonly cache: Cache;
  readonly settings: () => BackendjsSettings;
  readonly logger: Logger;
  readonly metrics: LegacyMetrics;
}
