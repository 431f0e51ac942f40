import { setTimeout as sleep } from 'node:timers/promises';
import { type DialectName, dialectOf } from '../dialects.js';
import type { Scenario, Target } from '../scenario.js';
import { jsonBody, Stopwatch } from '../stopwatch.js';

export interface LightWritesOptions extends Target {
  readonly dialect: DialectName;
  readonly pauseMs: number;
}

/** One writer, one durable write at a time, a pause between them. A unit is a write, `values` are latencies in ms. */
export const lightWrites: Scenario<LightWritesOptions> = async (options) => {
  const dialect = dialectOf(options.dialect);
  const writer = await dialect.open(options.port);
  let sequence = 0;
  return {
    async round(seconds) {
      const latencies: number[] = [];
      const watch = new Stopwatch(options.pid);
      while (watch.seconds < seconds) {
        sequence += 1;
        const message = writer.encode(dialect.write('/light', jsonBody(sequence), 'durable'));
        const acknowledged = new Promise<void>((resolve) => {
          writer.onMessages = () => resolve();
        });
        const start = performance.now();
        writer.write(message);
        await acknowledged;
        latencies.push(performance.now() - start);
        await sleep(options.pauseMs);
      }
      return watch.stop(latencies.length, latencies);
    },
    close: () => writer.close(),
  };
};
