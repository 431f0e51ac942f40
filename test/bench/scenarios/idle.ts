import type { LoadConnection } from '../../harness/load-client.js';
import { collectGarbage, residentBytes } from '../../harness/measure.js';
import { type DialectName, dialectOf } from '../dialects.js';
import type { Scenario, Target } from '../scenario.js';
import { forEachParallel, Stopwatch } from '../stopwatch.js';

export interface IdleOptions extends Target {
  readonly dialect: DialectName;
  /** Whether each connection listens to a path of its own. */
  readonly listen: boolean;
}

/**
 * Connections that do nothing. A round grows their number to `amount`, settles, and has as its only value the resident bytes
 * of the server, which must have been started with `gcOnSignalOptions`.
 */
export const idle: Scenario<IdleOptions> = async (options) => {
  const dialect = dialectOf(options.dialect);
  const connections: LoadConnection[] = [];
  return {
    async round(amount) {
      const watch = new Stopwatch(options.pid);
      const before = connections.length;
      await forEachParallel(amount - before, 50, async (index) => {
        const connection = await dialect.open(options.port);
        if (options.listen) await dialect.listen(connection, `/idle/c${before + index}`);
        connections.push(connection);
      });
      await collectGarbage(options.pid);
      return watch.stop(connections.length, [residentBytes(options.pid)]);
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
};
