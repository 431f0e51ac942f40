const TICK_MS = 5_000;
const MINUTE_MS = 60_000;

/** What a meter tells: events per second as a mean since it began, in the last moments, and weighted over 1, 5 and 15 minutes. */
export interface MeterReading {
  readonly rmean: number;
  readonly rcnt: number;
  readonly rate: number;
  readonly r1m: number;
  readonly r5m: number;
  readonly r15m: number;
}

/** Counts events and tells how often they happen. The weighted rates move once in five seconds. */
export class Meter {
  readonly #now: () => number;
  readonly #begun: number;
  readonly #rates = [1, 5, 15].map((minutes) => new WeightedRate(minutes));
  #count = 0;
  #uncounted = 0;
  #tickedAt: number;
  #rate = 0;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#begun = now();
    this.#tickedAt = this.#begun;
  }

  mark(): void {
    this.#tick();
    this.#count += 1;
    this.#uncounted += 1;
  }

  read(): MeterReading {
    this.#tick();
    const seconds = Math.max(1, this.#now() - this.#begun) / 1_000;
    const [r1m = 0, r5m = 0, r15m = 0] = this.#rates.map(({ perSecond }) => perSecond);
    return { rmean: this.#count / seconds, rcnt: this.#count, rate: this.#rate, r1m, r5m, r15m };
  }

  #tick(): void {
    const ticks = Math.floor((this.#now() - this.#tickedAt) / TICK_MS);
    if (ticks <= 0) return;
    this.#tickedAt += ticks * TICK_MS;
    this.#rate = ticks === 1 ? (this.#uncounted * 1_000) / TICK_MS : 0;
    for (const rate of this.#rates) {
      rate.tick((this.#uncounted * 1_000) / TICK_MS);
      if (ticks > 1) rate.rest(ticks - 1);
    }
    this.#uncounted = 0;
  }
}

/** An exponentially weighted mean, as of the load of a machine. */
class WeightedRate {
  readonly #kept: number;
  perSecond = 0;
  #begun = false;

  constructor(minutes: number) {
    this.#kept = Math.exp(-TICK_MS / (minutes * MINUTE_MS));
  }

  tick(perSecond: number): void {
    const before = this.#begun ? this.perSecond : perSecond;
    this.#begun = true;
    this.perSecond = perSecond + this.#kept * (before - perSecond);
  }

  /** Ticks in which nothing happened. */
  rest(ticks: number): void {
    this.perSecond *= this.#kept ** ticks;
  }
}
