import { type BareClient, driverBench } from '@backside/notifier/driver-suites';
import { Redis } from 'ioredis';
import { startService } from '../../../test/services/index.js';
import { createRedisNotifier } from './redis-notifier.js';

const server = await startService('redis');
if (server !== null) driverBench('ioredis', { server, create: createRedisNotifier, connectBare });

async function connectBare(url: string, heard: () => void): Promise<BareClient> {
  const [publisher, listener] = [new Redis(url), new Redis(url)];
  listener.on('messageBuffer', heard);
  await listener.subscribe('raw');
  return {
    send: (message) => void publisher.publish('raw', Buffer.from(message)),
    close: async () => {
      await Promise.all([publisher.quit(), listener.quit()]);
    },
  };
}
