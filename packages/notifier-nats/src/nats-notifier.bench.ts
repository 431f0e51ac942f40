import { type BareClient, driverBench } from '@backside/notifier/driver-suites';
import { connect } from '@nats-io/transport-node';
import { startService } from '../../../test/services/index.js';
import { createNatsNotifier } from './nats-notifier.js';

const server = await startService('nats');
if (server !== null) driverBench('the client of NATS', { server, create: createNatsNotifier, connectBare });

async function connectBare(url: string, heard: () => void): Promise<BareClient> {
  const [publisher, listener] = [await connect({ servers: url }), await connect({ servers: url })];
  listener.subscribe('raw', { callback: heard });
  await listener.flush();
  return {
    send: (message) => publisher.publish('raw', message),
    close: async () => {
      await Promise.all([publisher.close(), listener.close()]);
    },
  };
}
