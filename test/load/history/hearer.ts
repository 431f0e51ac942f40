import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import type { HeardListen, SeenEvent } from './history.js';
import type { Line } from './line.js';

export interface HearerOptions {
  readonly listener: string;
  readonly path: string;
  readonly line: Line;
  readonly random: Random;
  /** It drops its connection after so many milliseconds at most; never if infinite. */
  readonly staysMs: number;
}

/** Listens to one path, and comes back with `resume`, to the next node, whenever its connection ends. Records all that it is told. */
export class Hearer implements HeardListen {
  readonly listener: string;
  readonly path: string;
  readonly events: SeenEvent[] = [];
  readonly #options: HearerOptions;

  constructor(options: HearerOptions) {
    this.listener = options.listener;
    this.path = options.path;
    this.#options = options;
  }

  /** The revision of the last event; -1 before the first. */
  get revision(): number {
    return this.events.at(-1)?.revision ?? -1;
  }

  async run(): Promise<void> {
    const { line } = this.#options;
    for (let here = await line.connected(); here !== null; here = await line.connected()) {
      const { connection, node } = here;
      const last = this.events.at(-1);
      connection.listen(this.path, last === undefined ? null : `${last.epoch}:${last.revision}`, (event) =>
        this.events.push({ ...event, at: performance.now(), node: node.name }),
      );
      await Promise.race([connection.closed, this.#leaves()]);
      connection.end();
      await connection.closed;
    }
  }

  #leaves(): Promise<void> {
    const { random, staysMs } = this.#options;
    if (staysMs === Number.POSITIVE_INFINITY) return new Promise(() => {});
    return sleep(random.next() * staysMs, undefined, { ref: false });
  }
}
