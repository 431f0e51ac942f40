import { randomUUID } from 'node:crypto';

/** One connection that publishes and another that hears it, as two nodes have them. */
export interface BareBroker {
  publish(message: Buffer): void;
  close(): Promise<void>;
}

export interface BareBrokerOptions {
  readonly kind: 'amqp' | 'redis' | 'nats' | 'postgres';
  readonly url: string;
}

/** Called with every message, also with one's own. */
type Hear = (message: Uint8Array) => void;

/** The vendor's client library with nothing above it, on a channel that nobody else uses. */
export function openBareBroker({ kind, url }: BareBrokerOptions, hear: Hear): Promise<BareBroker> {
  return OPEN[kind](url, `bench_${randomUUID().replaceAll('-', '')}`, hear);
}

const OPEN: Record<BareBrokerOptions['kind'], (url: string, channel: string, hear: Hear) => Promise<BareBroker>> = {
  amqp: openAmqp,
  redis: openRedis,
  nats: openNats,
  postgres: openPostgres,
};

/** With publisher confirms, and a queue that dies with its connection. */
async function openAmqp(url: string, name: string, hear: Hear): Promise<BareBroker> {
  const { connect } = await import('amqplib');
  const [from, to] = [await connect(url, { noDelay: true }), await connect(url, { noDelay: true })];
  const [publisher, listener] = [await from.createConfirmChannel(), await to.createChannel()];
  await listener.assertExchange(name, 'topic', { durable: false, autoDelete: true });
  const { queue } = await listener.assertQueue('', { exclusive: true });
  await listener.bindQueue(queue, name, 'main');
  await listener.consume(queue, (message) => message && hear(message.content), { noAck: true });
  return {
    publish: (message) => void publisher.publish(name, 'main', message),
    async close() {
      await Promise.all([from.close(), to.close()]);
    },
  };
}

async function openRedis(url: string, channel: string, hear: Hear): Promise<BareBroker> {
  const { Redis } = await import('ioredis');
  const [publisher, listener] = [new Redis(url), new Redis(url)];
  listener.on('messageBuffer', (_channel: Buffer, message: Buffer) => hear(message));
  await listener.subscribe(channel);
  return {
    publish: (message) => void publisher.publish(channel, message),
    async close() {
      await Promise.all([publisher.quit(), listener.quit()]);
    },
  };
}

async function openNats(url: string, subject: string, hear: Hear): Promise<BareBroker> {
  const { connect } = await import('@nats-io/transport-node');
  const [publisher, listener] = [await connect({ servers: url }), await connect({ servers: url })];
  listener.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) hear(message.data);
    },
  });
  await listener.flush();
  return {
    publish: (message) => publisher.publish(subject, message),
    async close() {
      await Promise.all([publisher.close(), listener.close()]);
    },
  };
}

async function openPostgres(url: string, channel: string, hear: Hear): Promise<BareBroker> {
  const { default: pg } = await import('pg');
  const publisher = new pg.Pool({ connectionString: url, max: 1 });
  const listener = new pg.Client(url);
  await listener.connect();
  listener.on('notification', ({ payload }) => hear(Buffer.from(payload ?? '', 'base64')));
  await listener.query(`listen ${channel}`);
  return {
    publish: (message) =>
      void publisher.query({
        name: 'notify',
        text: 'select pg_notify($1, $2)',
        values: [channel, message.toString('base64')],
      }),
    async close() {
      await Promise.all([publisher.end(), listener.end()]);
    },
  };
}
