/** The least that a durable write can cost: a record of 200 bytes appended to a file, then `fdatasync`. */
import { fdatasync, write } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Scenario } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

export interface AppendOptions {
  readonly folder: string;
  readonly pauseMs: number;
}

const append = promisify(write);
const sync = promisify(fdatasync);

/** One append at a time, a pause between them. A unit is an append, `values` are latencies in ms. */
export const bareAppend: Scenario<AppendOptions> = async (options) => {
  const file = await open(join(options.folder, 'append.log'), 'a');
  const record = Buffer.alloc(200, 'x');
  return {
    async round(seconds) {
      const latencies: number[] = [];
      const watch = new Stopwatch(process.pid);
      while (watch.seconds < seconds) {
        const start = performance.now();
        await append(file.fd, record);
        await sync(file.fd);
        latencies.push(performance.now() - start);
        await sleep(options.pauseMs);
      }
      return watch.stop(latencies.length, latencies);
    },
    close: () => file.close(),
  };
};
