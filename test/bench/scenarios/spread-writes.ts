import { dialectOf } from '../dialects.js';
import type { Scenario } from '../scenario.js';
import { jsonBody, Stopwatch } from '../stopwatch.js';

export interface SpreadWritesOptions {
  /** STOMP over TCP of each node; the writers are spread over them evenly. */
  readonly ports: readonly number[];
  /** The nodes' processes, whose CPU together is the server's. */
  readonly pids: readonly number[];
  readonly writers: number;
}

/**
 * Durable writes, each writer one at a time on a path of its own. A round is measured in seconds, a unit is one acknowledged write;
 * `values` are the latencies to the acknowledgement in ms. A refused write fails the round.
 */
export const spreadWrites: Scenario<SpreadWritesOptions> = async ({ ports, pids, writers: count }) => {
  const dialect = dialectOf('backside-tcp');
  const writers = await Promise.all(
    Array.from({ length: count }, (_, index) => dialect.open(ports[index % ports.length]!)),
  );
  let sequence = 0;
  return {
    async round(seconds) {
      const latencies: number[] = [];
      const watches = pids.map((pid) => new Stopwatch(pid));
      const [watch] = watches as [Stopwatch];
      const write = async (index: number): Promise<void> => {
        sequence += 1;
        const message = dialect.write(`/spread/w${index}`, jsonBody(sequence), 'durable');
        const start = performance.now();
        const answer = await writers[index]!.ask(message, (text) => text.includes('\0'));
        if (!answer.trimStart().startsWith('RECEIPT')) throw new Error(`a write was refused: ${answer}`);
        latencies.push(performance.now() - start);
      };
      const drive = async (index: number): Promise<void> => {
        while (watch.seconds < seconds) await write(index);
      };
      await Promise.all(writers.map((_, index) => drive(index)));
      const samples = watches.map((each) => each.stop(latencies.length, latencies));
      return { ...samples[0]!, serverCpu: samples.reduce((sum, { serverCpu }) => sum + serverCpu, 0) };
    },
    close: () => {
      for (const writer of writers) writer.close();
    },
  };
};
