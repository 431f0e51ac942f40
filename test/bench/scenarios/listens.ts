import type { LoadConnection } from '../../harness/load-client.js';
import { waitUntil } from '../../harness/measure.js';
import { dialectOf } from '../dialects.js';
import type { Scenario, Target } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

export interface ListensOptions extends Target {
  readonly prefix: string;
  readonly connections: number;
}

/** Holds listens that nobody writes to. A round adds `amount` of them, spread over the connections; a unit is one listen. */
export const listens: Scenario<ListensOptions> = async (options) => {
  const dialect = dialectOf('backside-tcp');
  const connections = await Promise.all(Array.from({ length: options.connections }, () => dialect.open(options.port)));
  let listening = 0;
  return {
    async round(amount) {
      const watch = new Stopwatch(options.pid);
      const share = Math.ceil(amount / connections.length);
      await Promise.all(connections.map((connection) => addListens(connection, options.prefix, listening, share)));
      listening += share;
      return watch.stop(share * connections.length);
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
};

/** A hundred at a time, each awaited by its first message. */
async function addListens(connection: LoadConnection, prefix: string, from: number, count: number): Promise<void> {
  const name = connection.socket.localPort;
  for (let done = 0; done < count; ) {
    const batch = Math.min(100, count - done);
    connection.received = 0;
    let frames = '';
    for (let index = from + done; index < from + done + batch; index += 1) {
      frames += `SUBSCRIBE\nid:${index}\ndestination:${prefix}/${name}/${index}\n\n\0`;
    }
    connection.send(frames);
    await waitUntil(() => connection.received >= batch || connection.closed, 'the first messages of new listens');
    if (connection.closed) throw new Error(`the server closed the connection at listen ${from + done}`);
    done += batch;
  }
}
