/** How many of the latest values the percentiles look at. */
const SAMPLES = 1_024;

/** What a histogram tells; all 0 while there is no value. The first six are about all values, the rest about the latest 1,024. */
export interface HistogramReading {
  readonly hmin: number;
  readonly hmax: number;
  readonly hsum: number;
  readonly hvar: number;
  readonly hmean: number;
  readonly hdev: number;
  readonly hcnt: number;
  readonly hmed: number;
  readonly h75p: number;
  readonly h95p: number;
  readonly h99p: number;
  readonly h999p: number;
}

/** The spread of values, in constant memory. */
export class Histogram {
  readonly #latest: number[] = [];
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #mean = 0;
  /** The sum of squared distances from the mean, kept by Welford's method. */
  #squares = 0;

  add(value: number): void {
    this.#latest[this.#count % SAMPLES] = value;
    this.#count += 1;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    const distance = value - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (value - this.#mean);
  }

  read(): HistogramReading {
    const sorted = [...this.#latest].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const variance = this.#count > 1 ? this.#squares / (this.#count - 1) : 0;
    const some = this.#count > 0;
    return {
      hmin: some ? this.#min : 0,
      hmax: some ? this.#max : 0,
      hsum: this.#sum,
      hvar: variance,
      hmean: this.#mean,
      hdev: Math.sqrt(variance),
      hcnt: this.#count,
      hmed: at(0.5),
      h75p: at(0.75),
      h95p: at(0.95),
      h99p: at(0.99),
      h999p: at(0.999),
    };
  }
}
