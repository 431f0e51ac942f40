import { waitUntil } from '../../harness/measure.js';
import { dialectOf } from '../dialects.js';
import { itemKey, itemOf, LEAVES_PER_ITEM } from '../items.js';
import type { Scenario, Target } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

const ITEMS_PER_COMMIT = 1000;

/** Fills `/items` by update commits, two under way at most. A round adds `amount` leaves; a unit is one leaf. */
export const fill: Scenario<Target> = async (options) => {
  const dialect = dialectOf('backside-tcp');
  const connection = await dialect.open(options.port);
  let next = 0;
  return {
    async round(amount) {
      const watch = new Stopwatch(options.pid);
      const end = next + Math.ceil(amount / LEAVES_PER_ITEM);
      connection.received = 0;
      for (let sent = 0; next < end; sent += 1) {
        const stop = Math.min(end, next + ITEMS_PER_COMMIT);
        const body = updateBody(next, stop);
        const length = Buffer.byteLength(body);
        connection.send(`SEND\ndestination:/items\nmethod:update\nreceipt:f\ncontent-length:${length}\n\n${body}\0`);
        next = stop;
        const allowed = sent - 1;
        await waitUntil(() => connection.received >= allowed || connection.closed, 'an update to be acknowledged');
      }
      const commits = Math.ceil(Math.ceil(amount / LEAVES_PER_ITEM) / ITEMS_PER_COMMIT);
      await waitUntil(() => connection.received >= commits || connection.closed, 'the last update to be acknowledged');
      if (connection.closed) throw new Error('the server closed the connection that fills it');
      return watch.stop(amount);
    },
    close: () => connection.close(),
  };
};

function updateBody(from: number, to: number): string {
  const parts: string[] = [];
  for (let index = from; index < to; index += 1) parts.push(`"${itemKey(index)}":${JSON.stringify(itemOf(index))}`);
  return `{${parts.join(',')}}`;
}
