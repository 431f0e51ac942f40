import type { LoadConnection } from '../../harness/load-client.js';
import { waitUntil } from '../../harness/measure.js';
import { dialectOf } from '../dialects.js';
import type { Scenario, Target } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

export interface QueriesOptions extends Target {
  readonly connections: number;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
}

/** Reads by `SUBSCRIBE` with `once`, each connection one at a time. A round is measured in seconds, a unit is one query. */
export const queries: Scenario<QueriesOptions> = async (options) => {
  const dialect = dialectOf('backside-ws');
  const connections = await Promise.all(Array.from({ length: options.connections }, () => dialect.open(options.port)));
  // In a header value of STOMP 1.2 a colon is written `\c`.
  const header = JSON.stringify(options.query).replaceAll('\\', '\\\\').replaceAll(':', '\\c');
  let id = 0;
  let answered = 0;
  let open = false;
  const ask = (connection: LoadConnection): void => {
    id += 1;
    connection.send(`SUBSCRIBE\nid:${id}\ndestination:${options.path}\nonce:true\nquery:${header}\n\n\0`);
  };
  return {
    async round(seconds) {
      answered = 0;
      const asked = id;
      const watch = new Stopwatch(options.pid);
      open = true;
      for (const connection of connections) {
        connection.onMessages = (count) => {
          answered += count;
          if (open) ask(connection);
        };
        ask(connection);
      }
      await waitUntil(() => watch.seconds >= seconds, 'the end of the round');
      open = false;
      await waitUntil(() => answered === id - asked, 'every answer', 10_000);
      return watch.stop(answered);
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
};
