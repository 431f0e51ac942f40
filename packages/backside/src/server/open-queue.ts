import type { Queue } from '@backside/jobs';
import type { Logger } from '@backside/protocol';
import { queueUrlOf } from '../config/edge-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import type { ServedDatabase } from './served-database.js';

export interface QueueParts {
  readonly config: ServerConfig;
  /** Whose jobs they are; its private part holds the embedded queue. */
  readonly served: ServedDatabase;
  readonly logger: Logger;
}

/** The part of the private database that is for jobs alone. */
export const JOBS_ROOT = ['jobs'] as const;

type QueueServer = Exclude<ServerConfig['queue'], 'embedded'>;

interface QueuePlace {
  readonly url: string;
  readonly prefix: string;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The drivers by their configured name; a driver is loaded only if it is used. */
const QUEUES: Readonly<Record<QueueServer, () => Promise<(place: QueuePlace) => Queue | Promise<Queue>>>> = {
  redis: async () => (await import('@backside/queue-redis')).createRedisQueue,
  amqp: async () => (await import('@backside/queue-amqp')).createAmqpQueue,
};

/** Opens where jobs wait. Rejects with `unavailable` if its server does not answer. */
export async function openQueue({ config, served, logger }: QueueParts): Promise<Queue> {
  if (config.queue !== 'embedded') return openServedQueue(config, config.queue, logger);
  const { createEmbeddedQueue } = await import('@backside/jobs');
  return createEmbeddedQueue({ tree: served.privatePart(JOBS_ROOT), logger, now: Date.now });
}

/** The same for a queue that has a server of its own. */
export async function openServedQueue(config: ServerConfig, kind: QueueServer, logger: Logger): Promise<Queue> {
  const open = await QUEUES[kind]();
  return open({ url: queueUrlOf(config)!, prefix: config.queuePrefix, logger, now: Date.now });
}
