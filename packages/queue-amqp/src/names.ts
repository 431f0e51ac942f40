import type { Options } from 'amqplib';

/** Jobs that a queue of RabbitMQ may have had to deliver again before it drops them: whoever consumes decides long before. */
const NEVER = 1_000_000;
/** A queue of delayed jobs is deleted so long after the last one has left it. */
const UNUSED_MS = 60_000;

/** A queue of the broker, and how to declare it. */
export interface BrokerQueue {
  readonly name: string;
  readonly options: Options.AssertQueue;
}

/** Where jobs wait: replicated over the nodes of a cluster, and counting deliveries. */
export function mainQueue(prefix: string, queue: string): BrokerQueue {
  return {
    name: `${prefix}.${queue}`,
    options: { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': NEVER } },
  };
}

/** Dead letters. Classic, since they are listed by taking them and putting them back, which a quorum queue counts. */
export function deadQueue(prefix: string, queue: string): BrokerQueue {
  return { name: `${prefix}.${queue}.dead`, options: { durable: true } };
}

/** Where jobs stay for `ms` milliseconds before they come to the main queue, all alike, so that none stands in another's way. */
export function delayQueue(prefix: string, queue: string, ms: number): BrokerQueue {
  return {
    name: `${prefix}.${queue}.in.${ms}`,
    options: {
      durable: true,
      deadLetterExchange: '',
      deadLetterRoutingKey: mainQueue(prefix, queue).name,
      messageTtl: ms,
      expires: ms + UNUSED_MS,
      arguments: {
        'x-queue-type': 'quorum',
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
      },
    },
  };
}

/** Queues per doubling of the delay. */
const STEPS = 8;
const LONGEST_MS = 2 ** 31;

/**
 * The longest of the delays that there are queues for that is not longer than `ms`: eight per doubling, so what is left over is an
 * eighth at most and takes another, shorter turn.
 */
export function delayStep(ms: number): number {
  const bounded = Math.min(Math.floor(ms), LONGEST_MS);
  if (bounded <= STEPS) return bounded;
  const unit = 2 ** (Math.floor(Math.log2(bounded)) - Math.log2(STEPS));
  return Math.max(1, Math.floor(bounded / unit) * unit);
}
