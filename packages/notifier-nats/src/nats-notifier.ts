import type { Notifier } from '@backside/notifier';
import {
  type BrokerFacts,
  type BrokerOptions,
  createBrokerNotifier,
  DEFAULT_PREFIX,
  type ProbeOptions,
  probeBroker,
} from '@backside/notifier/broker';
import { openNatsLink } from './nats-link.js';

/**
 * A notifier over NATS, `nats://` or `tls://`, with `user:password@` or `token@`. Resolves once connected; rejects with `unavailable` if that
 * fails for `timing.patienceMs`, with `invalid-data` if the prefix is not one. What is larger than the server's `max_payload` is only told of.
 */
export async function createNatsNotifier(options: BrokerOptions): Promise<Notifier> {
  const { nodeId, tls = {} } = options;
  return createBrokerNotifier({ ...options, open: openNatsLink({ nodeId, tls, hearsItself: false }) });
}

/** Asks a server for its version and measures it. Rejects with `unavailable` if it does not answer within some seconds. */
export async function probeNats(url: string, options: ProbeOptions = {}): Promise<BrokerFacts> {
  const { prefix = DEFAULT_PREFIX, tls = {} } = options;
  return probeBroker(url, prefix, openNatsLink({ nodeId: 'probe', tls, hearsItself: true }));
}
