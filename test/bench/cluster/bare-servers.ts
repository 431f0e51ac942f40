import { LoadProcess } from '../load.js';
import { interleave, type Plan, rate, valuesOf } from '../row.js';
import type { Sample } from '../scenario.js';
import type { Servers } from './pairing.js';

/** As many writers as ours has, in the figures for many at a time. */
export const WRITERS = 64;
/** Between two units at light load, so that nothing waits for anything else. */
export const LIGHT_PAUSE_MS = 2;

/** What store and broker do in their own client libraries while no node of ours is at work. */
export interface BareRates {
  /** Records per second inserted one after the other. */
  readonly single: number;
  /** Records per second, 64 at a time. */
  readonly parallel: number;
  /** Messages per second published and heard, 64 under way at a time. */
  readonly published: number;
}

/** The servers below a cluster, loaded without it. */
export class BareServers {
  readonly #single: LoadProcess;
  readonly #parallel: LoadProcess;
  readonly #published: LoadProcess;
  /** At light load: `lightLatencies` takes its samples apart. */
  readonly light: LoadProcess;
  readonly #samples: Readonly<Record<keyof BareRates, Sample[]>> = { single: [], parallel: [], published: [] };

  private constructor(loads: readonly [LoadProcess, LoadProcess, LoadProcess, LoadProcess]) {
    [this.#single, this.#parallel, this.#published, this.light] = loads;
  }

  static async start({ store, broker }: Servers): Promise<BareServers> {
    const loads = await allOrNone([
      LoadProcess.start('bareServices', { store, width: 1, pauseMs: 0 }),
      LoadProcess.start('bareServices', { store, width: WRITERS, pauseMs: 0 }),
      LoadProcess.start('bareServices', { broker, width: WRITERS, pauseMs: 0 }),
      LoadProcess.start('bareServices', { store, broker, width: 1, pauseMs: LIGHT_PAUSE_MS }),
    ]);
    return new BareServers(loads);
  }

  /** Measures all rates once. To be called before the first node starts. */
  async before(plan: Plan): Promise<void> {
    const loads = [this.#single, this.#parallel, this.#published];
    const [single, parallel, published] = (await interleave(loads, plan)) as [Sample[], Sample[], Sample[]];
    this.#samples.single.push(...single);
    this.#samples.parallel.push(...parallel);
    this.#samples.published.push(...published);
  }

  /** Measures single inserts once more: so that a slow moment of the machine does not decide. To be called when no node runs any more. */
  async after(plan: Plan): Promise<void> {
    const [single] = await interleave([this.#single], plan);
    this.#samples.single.push(...single!);
  }

  /** The medians of what has been measured. */
  get rates(): BareRates {
    const { single, parallel, published } = this.#samples;
    return { single: rate(single), parallel: rate(parallel), published: rate(published) };
  }

  async stop(): Promise<void> {
    const loads = [this.#single, this.#parallel, this.#published, this.light];
    await Promise.all(loads.map((load) => load.stop()));
  }
}

/** Resolves with all of them; if one cannot be started, stops the others and rejects. */
async function allOrNone<const Starts extends readonly Promise<LoadProcess>[]>(
  starts: Starts,
): Promise<{ [Index in keyof Starts]: LoadProcess }> {
  try {
    return await Promise.all(starts);
  } catch (error) {
    const outcomes = await Promise.allSettled(starts);
    await Promise.all(outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value.stop()));
    throw error;
  }
}

/** Latencies in ms of the same units, in the order in which they were done. */
export interface LightLatencies {
  readonly insert: readonly number[];
  /** Published on one connection, heard on another. */
  readonly roundTrip: readonly number[];
  /** Both, one after the other: no event of a durable write can come earlier. */
  readonly event: readonly number[];
}

export function lightLatencies(samples: readonly Sample[]): LightLatencies {
  const values = valuesOf(samples);
  const insert = values.filter((_, index) => index % 2 === 0);
  const roundTrip = values.filter((_, index) => index % 2 === 1);
  return { insert, roundTrip, event: insert.map((latency, index) => latency + roundTrip[index]!) };
}
