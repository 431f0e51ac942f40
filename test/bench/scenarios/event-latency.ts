import { setTimeout as sleep } from 'node:timers/promises';
import { dialectOf } from '../dialects.js';
import type { Scenario } from '../scenario.js';
import { jsonBody, Stopwatch } from '../stopwatch.js';

export interface EventLatencyOptions {
  /** STOMP over TCP of the node that is written to, and its process. */
  readonly port: number;
  readonly pid: number;
  /** Of the node that is listened to. */
  readonly listenerPort: number;
  readonly pauseMs: number;
}

const PATH = '/event-latency';

/**
 * One durable write at a time on one node, heard on another, a pause between them. A unit is a write, heard and acknowledged; `values`
 * are the times from sending the write until the listener has the event, in ms.
 */
export const eventLatency: Scenario<EventLatencyOptions> = async ({ port, pid, listenerPort, pauseMs }) => {
  const dialect = dialectOf('backside-tcp');
  const [writer, listener] = [await dialect.open(port), await dialect.open(listenerPort)];
  await dialect.listen(listener, PATH);
  let sequence = 0;
  return {
    async round(seconds) {
      const latencies: number[] = [];
      const watch = new Stopwatch(pid);
      while (watch.seconds < seconds) {
        sequence += 1;
        const event = `"n":${sequence},`;
        const start = performance.now();
        const heard = listener
          .ask('', (text) => text.includes(event) && text.trimEnd().endsWith('\0'))
          .then(() => latencies.push(performance.now() - start));
        const message = dialect.write(PATH, jsonBody(sequence), 'durable');
        const answered = writer.ask(message, (text) => text.includes('\0'));
        const [answer] = await Promise.all([answered, heard]);
        if (!answer.trimStart().startsWith('RECEIPT')) throw new Error(`a write was refused: ${answer}`);
        await sleep(pauseMs);
      }
      return watch.stop(latencies.length, latencies);
    },
    close: () => {
      writer.close();
      listener.close();
    },
  };
};
