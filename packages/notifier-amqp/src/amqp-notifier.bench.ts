import { type BareClient, driverBench } from '@backside/notifier/driver-suites';
import { connect } from 'amqplib';
import { startService } from '../../../test/services/index.js';
import { createAmqpNotifier } from './amqp-notifier.js';

const server = await startService('rabbitmq');
if (server !== null) driverBench('amqplib', { server, create: createAmqpNotifier, connectBare });

async function connectBare(url: string, heard: () => void): Promise<BareClient> {
  const [from, to] = [await connect(url, { noDelay: true }), await connect(url, { noDelay: true })];
  const [publisher, listener] = [await from.createConfirmChannel(), await to.createChannel()];
  await listener.assertExchange('raw', 'topic', { durable: false, autoDelete: true });
  const { queue } = await listener.assertQueue('', { exclusive: true });
  await listener.bindQueue(queue, 'raw', 'main');
  await listener.consume(queue, heard, { noAck: true });
  return {
    send: (message) => void publisher.publish('raw', 'main', Buffer.from(message)),
    close: async () => {
      await Promise.all([from.close(), to.close()]);
    },
  };
}
