import { setTimeout as sleep } from 'node:timers/promises';
import { type BareBroker, type BareBrokerOptions, openBareBroker } from '../references/bare-broker.js';
import { type BareStore, openBareStore } from '../references/bare-store.js';
import type { Load, Sample, Scenario } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

export interface BareServicesOptions {
  /** Has a record inserted first. */
  readonly store?: { readonly kind: 'mongodb' | 'postgres'; readonly url: string };
  /** Has a message published then, and waits until the other connection hears it. */
  readonly broker?: BareBrokerOptions;
  /** How many units are under way at once. */
  readonly width: number;
  /** After each unit. */
  readonly pauseMs: number;
}

/** What a small commit comes to in the journal and in a notice. */
const RECORD_BYTES = 200;
const HEARD_WITHIN_MS = 10_000;

/**
 * The least that the servers below a cluster take for a write, for an event, or for both, in their own client libraries. A round is
 * measured in seconds, a unit is a record inserted, heard, or inserted and then heard; `values` are the latencies in ms, of each unit that
 * of its insert and then that of its message, as far as it has them.
 */
export const bareServices: Scenario<BareServicesOptions> = async (options) => {
  const load = new BareServicesLoad(options);
  await load.open();
  return load;
};

class BareServicesLoad implements Load {
  readonly #options: BareServicesOptions;
  readonly #heard: Map<number, () => void> = new Map();
  #store: BareStore | null = null;
  #broker: BareBroker | null = null;
  #sequence = 0;

  constructor(options: BareServicesOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { store, broker, width } = this.#options;
    if (store) this.#store = await openBareStore({ ...store, width });
    if (broker) this.#broker = await openBareBroker(broker, (message) => this.#hear(message));
  }

  async round(seconds: number): Promise<Sample> {
    const latencies: number[] = [];
    let units = 0;
    const watch = new Stopwatch(process.pid);
    const work = async (): Promise<void> => {
      while (watch.seconds < seconds) {
        latencies.push(...(await this.#unit()));
        units += 1;
        if (this.#options.pauseMs > 0) await sleep(this.#options.pauseMs);
      }
    };
    await Promise.all(Array.from({ length: this.#options.width }, work));
    return watch.stop(units, latencies);
  }

  async close(): Promise<void> {
    await this.#broker?.close();
    await this.#store?.close();
  }

  async #unit(): Promise<number[]> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const record = Buffer.alloc(RECORD_BYTES, 'x');
    record.writeUInt32BE(sequence);
    const times = [performance.now()];
    if (this.#store) {
      await this.#store.insert(record);
      times.push(performance.now());
    }
    if (this.#broker) {
      await this.#relay(this.#broker, record, sequence);
      times.push(performance.now());
    }
    return times.slice(1).map((time, index) => time - times[index]!);
  }

  #relay(broker: BareBroker, record: Buffer, sequence: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('a message was not heard')), HEARD_WITHIN_MS);
      this.#heard.set(sequence, () => {
        clearTimeout(late);
        resolve();
      });
      broker.publish(record);
    });
  }

  #hear(message: Uint8Array): void {
    const sequence = Buffer.from(message).readUInt32BE();
    this.#heard.get(sequence)?.();
    this.#heard.delete(sequence);
  }
}
