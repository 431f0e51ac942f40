import type { LoadConnection } from '../../harness/load-client.js';
import { waitUntil } from '../../harness/measure.js';
import { type DialectName, dialectOf } from '../dialects.js';
import type { Load, Sample, Scenario, Target } from '../scenario.js';
import { forEachParallel, jsonBody, Stopwatch } from '../stopwatch.js';

export interface FanOutOptions extends Target {
  readonly dialect: DialectName;
  readonly path: string;
  readonly listeners: number;
  /** Changes under way at most: published and not yet received by all. */
  readonly window: number;
  /** Changes published together, as soon as the window has room for them. 1 with window 1: one change at a time. */
  readonly burst: number;
}

/** One publisher, many listeners of one path. A round is measured in seconds, a unit is one delivery. */
export const fanOut: Scenario<FanOutOptions> = async (options) => {
  const dialect = dialectOf(options.dialect);
  const listeners: LoadConnection[] = [];
  await forEachParallel(options.listeners, 50, async () => {
    const listener = await dialect.open(options.port);
    await dialect.listen(listener, options.path);
    listeners.push(listener);
  });
  return new FanOutLoad(options, await dialect.open(options.port), listeners);
};

class FanOutLoad implements Load {
  readonly #options: FanOutOptions;
  readonly #publisher: LoadConnection;
  readonly #listeners: readonly LoadConnection[];
  #sequence = 0;
  #published = 0;
  #delivered = 0;
  #open = false;

  constructor(options: FanOutOptions, publisher: LoadConnection, listeners: readonly LoadConnection[]) {
    this.#options = options;
    this.#publisher = publisher;
    this.#listeners = listeners;
    for (const listener of listeners) listener.onMessages = (count) => this.#deliver(count);
  }

  async round(seconds: number): Promise<Sample> {
    this.#published = 0;
    this.#delivered = 0;
    const watch = new Stopwatch(this.#options.pid);
    this.#open = true;
    this.#deliver(0);
    await waitUntil(() => watch.seconds >= seconds, 'the end of the round');
    this.#open = false;
    const expected = (): number => this.#published * this.#listeners.length;
    await waitUntil(() => this.#delivered >= expected(), 'every listener to have every change', 10_000).catch(
      (cause) => {
        throw new Error(`${this.#delivered} of ${expected()} deliveries arrived`, { cause });
      },
    );
    return watch.stop(this.#delivered);
  }

  close(): void {
    for (const connection of [this.#publisher, ...this.#listeners]) connection.close();
  }

  #deliver(count: number): void {
    this.#delivered += count;
    if (!this.#open) return;
    const { window, burst } = this.#options;
    while (this.#published - Math.floor(this.#delivered / this.#listeners.length) <= window - burst)
      this.#publish(burst);
  }

  #publish(count: number): void {
    const { dialect, path } = this.#options;
    const messages: Buffer[] = [];
    for (let index = 0; index < count; index += 1) {
      this.#sequence += 1;
      messages.push(this.#publisher.encode(dialectOf(dialect).publish(path, jsonBody(this.#sequence))));
    }
    this.#published += count;
    this.#publisher.write(Buffer.concat(messages));
  }
}
