/** A seeded source of chance, so that a failure can be run again: mulberry32. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** The seed that the environment variable names, else a new one. */
  static fromEnvironment(variable: string): Random {
    return new Random(Number(process.env[variable] ?? Date.now() % 2 ** 32));
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number of at least `low` and below `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length)]!;
  }
}

/** A whole number from the environment, for the length of a run. */
export function countFromEnvironment(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${variable} must be a whole number, not ${text}`);
  return count;
}
