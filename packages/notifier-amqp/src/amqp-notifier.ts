import type { Notifier } from '@backside/notifier';
import {
  type BrokerFacts,
  type BrokerOptions,
  createBrokerNotifier,
  DEFAULT_PREFIX,
  type ProbeOptions,
  probeBroker,
} from '@backside/notifier/broker';
import { openAmqpLink, type QueueLimits } from './amqp-link.js';

export interface AmqpNotifierOptions extends BrokerOptions {
  /** What the broker keeps for a node that does not take it; the oldest is dropped, and the node is told so. */
  readonly queue?: Partial<QueueLimits>;
}

const DEFAULT_QUEUE: QueueLimits = { maxMessages: 10_000, maxBytes: 32 * 1024 * 1024 };

/**
 * A notifier over RabbitMQ, `amqp://` or `amqps://`. Resolves once connected; rejects with `unavailable` if that fails for
 * `timing.patienceMs`, with `invalid-data` if the prefix is not one.
 */
export async function createAmqpNotifier(options: AmqpNotifierOptions): Promise<Notifier> {
  const { prefix = DEFAULT_PREFIX, nodeId, queue, tls = {} } = options;
  const open = openAmqpLink({ exchange: prefix, nodeId, tls, queue: { ...DEFAULT_QUEUE, ...queue } });
  return createBrokerNotifier({ ...options, open });
}

/** Asks a broker for its version and measures it. Rejects with `unavailable` if it does not answer within some seconds. */
export async function probeAmqp(url: string, options: ProbeOptions = {}): Promise<BrokerFacts> {
  const { prefix = DEFAULT_PREFIX, tls = {} } = options;
  return probeBroker(url, prefix, openAmqpLink({ exchange: prefix, nodeId: 'probe', tls, queue: DEFAULT_QUEUE }));
}
