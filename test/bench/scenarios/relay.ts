import type { LoadConnection } from '../../harness/load-client.js';
import { waitUntil } from '../../harness/measure.js';
import { type DialectName, dialectOf, type Level } from '../dialects.js';
import type { Load, Sample, Scenario, Target } from '../scenario.js';
import { forEachParallel, jsonBody, Stopwatch } from '../stopwatch.js';

export interface RelayOptions extends Target {
  readonly dialect: DialectName;
  /** Connections that each listen to one of the paths; 0 for writes that nobody listens to. */
  readonly listeners: number;
  readonly writers: number;
  readonly level: Level;
  /** Path number i is `prefix` + i in `digits` digits + `suffix`. Writers go through them at random. */
  readonly paths: { readonly prefix: string; readonly digits: number; readonly count: number; readonly suffix: string };
  /** `json` of 100 bytes, or a `number` for a leaf. */
  readonly body: 'json' | 'number';
}

/**
 * Acknowledged writes, each writer one at a time; each write goes to the one listener of its path. A round is measured in
 * seconds, a unit is one write, acknowledged and delivered; `values` are the latencies to the acknowledgement in ms.
 */
export const relay: Scenario<RelayOptions> = async (options) => {
  const dialect = dialectOf(options.dialect);
  const listeners: LoadConnection[] = [];
  await forEachParallel(options.listeners, 50, async (index) => {
    const listener = await dialect.open(options.port);
    await dialect.listen(listener, pathOf(options, index));
    listeners.push(listener);
  });
  const writers = await Promise.all(Array.from({ length: options.writers }, () => dialect.open(options.port)));
  return new RelayLoad(options, writers, listeners);
};

function pathOf({ paths }: RelayOptions, index: number): string {
  return paths.prefix + String(index).padStart(paths.digits, '0') + paths.suffix;
}

class RelayLoad implements Load {
  readonly #options: RelayOptions;
  readonly #writers: readonly LoadConnection[];
  readonly #listeners: readonly LoadConnection[];
  #sequence = 0;
  #written = 0;
  #acknowledged = 0;
  #delivered = 0;
  #open = false;
  #latencies: number[] = [];

  constructor(options: RelayOptions, writers: readonly LoadConnection[], listeners: readonly LoadConnection[]) {
    this.#options = options;
    this.#writers = writers;
    this.#listeners = listeners;
    for (const listener of listeners) {
      listener.onMessages = (count) => {
        this.#delivered += count;
      };
    }
  }

  async round(seconds: number): Promise<Sample> {
    this.#written = 0;
    this.#acknowledged = 0;
    this.#delivered = 0;
    this.#latencies = [];
    const watch = new Stopwatch(this.#options.pid);
    this.#open = true;
    for (const writer of this.#writers) this.#drive(writer);
    await waitUntil(() => watch.seconds >= seconds, 'the end of the round');
    this.#open = false;
    await waitUntil(() => this.#isComplete(), 'every acknowledgement and delivery', 10_000).catch((cause) => {
      const counts = `${this.#acknowledged} acknowledged, ${this.#delivered} delivered`;
      throw new Error(`of ${this.#written} writes ${counts}`, { cause });
    });
    return watch.stop(this.#written, this.#latencies);
  }

  close(): void {
    for (const connection of [...this.#writers, ...this.#listeners]) connection.close();
  }

  #isComplete(): boolean {
    return this.#acknowledged === this.#written && (this.#listeners.length === 0 || this.#delivered >= this.#written);
  }

  #drive(writer: LoadConnection): void {
    let sentAt = this.#write(writer);
    writer.onMessages = () => {
      const now = performance.now();
      this.#latencies.push(now - sentAt);
      this.#acknowledged += 1;
      if (this.#open) sentAt = this.#write(writer);
    };
  }

  #write(writer: LoadConnection): number {
    const { paths, dialect, level, body } = this.#options;
    this.#sequence += 1;
    this.#written += 1;
    const path = pathOf(this.#options, Math.floor(Math.random() * paths.count));
    const text = body === 'json' ? jsonBody(this.#sequence) : String(this.#sequence);
    writer.send(dialectOf(dialect).write(path, text, level));
    return performance.now();
  }
}
