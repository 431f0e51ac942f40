import type { Cache } from '@backside/backendjs/cache';
import type { Logger } from '@backside/protocol';
import { cacheUrlOf } from '../config/edge-pairing.js';
import type { ServerConfig } from '../config/server-options.js';

/** Opens the cache of the legacy interface; one whose server is out of reach comes into use once it is in reach. */
export async function openCache(config: ServerConfig, logger: Logger): Promise<Cache> {
  if (config.cache === 'memory') {
    const { createMemoryCache } = await import('@backside/backendjs');
    return createMemoryCache({ now: () => performance.now() });
  }
  const { createRedisCache } = await import('@backside/cache-redis');
  return createRedisCache({ url: cacheUrlOf(config)!, prefix: config.notifierPrefix, logger });
}
