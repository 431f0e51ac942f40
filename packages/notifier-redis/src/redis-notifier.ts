import type { Notifier } from '@backside/notifier';
import {
  type BrokerFacts,
  type BrokerOptions,
  createBrokerNotifier,
  DEFAULT_PREFIX,
  type ProbeOptions,
  probeBroker,
} from '@backside/notifier/broker';
import { openRedisLink } from './redis-link.js';

/**
 * A notifier over Redis' publish and subscribe. The URL is one of
 *
 * - `redis://[user:password@]host:port`, a single server; `rediss://` with TLS, here and below;
 * - `redis://one:port,two:port,…`, nodes of a Cluster, of which any one is used;
 * - `redis+sentinel://[user:password@]sentinel:port,sentinel:port,…/NAME`, the master of that name. Credentials are the master's;
 *   the sentinels' own are given as `?sentinelUsername=…&sentinelPassword=…`.
 *
 * Resolves once connected; rejects with `unavailable` if that fails for `timing.patienceMs`, with `invalid-data` if the prefix
 * or the URL is not one.
 */
export async function createRedisNotifier(options: BrokerOptions): Promise<Notifier> {
  const { url, nodeId, tls = {} } = options;
  return createBrokerNotifier({ ...options, open: openRedisLink({ url, nodeId, tls }) });
}

/** Asks a server for its version and measures it. Rejects with `unavailable` if it does not answer within some seconds. */
export async function probeRedis(url: string, options: ProbeOptions = {}): Promise<BrokerFacts> {
  const { prefix = DEFAULT_PREFIX, tls = {} } = options;
  return probeBroker(url, prefix, openRedisLink({ url, nodeId: 'probe', tls }));
}
