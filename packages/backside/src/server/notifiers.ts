import type { Notifier } from '@backside/notifier';
import { createMemoryNotifier } from '@backside/notifier';
import { BacksideError, type Logger } from '@backside/protocol';
import type { NodeConfig } from '../config/node-options.js';
import { type Broker, isSharedStore, notifierUrlOf } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { LateNotifier } from './late-notifier.js';
import { createNoNotifier } from './no-notifier.js';

interface BrokerOptions {
  readonly url: string;
  readonly prefix: string;
  readonly nodeId: string;
  readonly logger: Logger;
}

type OpenBroker = (options: BrokerOptions) => Promise<Notifier>;

/** The drivers by their configured name; a driver is loaded only if it is used. */
const BROKERS: Readonly<Record<Broker, () => Promise<OpenBroker>>> = {
  amqp: async () => (await import('@backside/notifier-amqp')).createAmqpNotifier,
  redis: async () => (await import('@backside/notifier-redis')).createRedisNotifier,
  nats: async () => (await import('@backside/notifier-nats')).createNatsNotifier,
  postgres: async () => {
    const { createPostgresNotifier } = await import('@backside/journal-postgres');
    return ({ prefix, ...options }) => createPostgresNotifier({ ...options, schema: prefix });
  },
};

export interface NotifierOptions {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly logger: Logger;
}

/**
 * Opens the configured notifier; one whose broker is out of reach is opened later, since nodes can do without. Without a configured one,
 * warns if other nodes would need it.
 */
export async function openNotifier({ config, nodeId, logger }: NotifierOptions): Promise<Notifier> {
  if (config.notifier === 'none') {
    if (!isSharedStore(config.store)) return createMemoryNotifier();
    announceAsking(config, logger);
    return createNoNotifier();
  }
  const openBroker = await BROKERS[config.notifier]();
  const options = { url: notifierUrlOf(config)!, prefix: config.notifierPrefix, nodeId, logger };
  const open = (): Promise<Notifier> => openBroker(options);
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof BacksideError) || error.code !== 'unavailable') throw error;
    logger.warn({ problem: error.message }, 'the notifier cannot be reached; this node begins without it');
    return new LateNotifier({ open, logger });
  }
}

function announceAsking({ store }: NodeConfig, logger: Logger): void {
  const advice =
    store === 'postgres' ? 'notifier=postgres needs no further server' : 'amqp, redis or nats tells them at once';
  logger.warn({ store }, `no notifier: nodes hear of each other's writes a moment late; ${advice}`);
}
