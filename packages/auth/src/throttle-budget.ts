/** How failures become waiting. */
export interface Budget {
  /** So many attempts may fail without any wait between them. */
  readonly free: number;
  /** The wait after the last of these; each further failure doubles it. */
  readonly firstDelayMs: number;
  /** No wait is longer. */
  readonly maxDelayMs: number;
  /** One failure is forgotten for each such time without a new one. */
  readonly forgetMs: number;
}

interface Tally {
  failures: number;
  /** From when on failures are forgotten: the last one, moved on by what has been forgotten since. */
  since: number;
  /** When the last failure was: the present wait began. */
  last: number;
}

/** Failures beyond the free ones are counted up to here, so that a long attack is not remembered for longer than a short one. */
const MAX_BEYOND = 40;

/** Failures by key under one budget, for at most `capacity` keys: the one untouched longest is dropped first. */
export class FailureTally {
  readonly #budget: Budget;
  readonly #capacity: number;
  /** In the order of use, oldest first. */
  readonly #tallies: Map<string, Tally> = new Map();

  constructor(budget: Budget, capacity: number) {
    this.#budget = budget;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#tallies.size;
  }

  /** The wait that the key's failures call for, however much of it is over. */
  delayMs(key: string, now: number): number {
    return delayAfter(this.#current(key, now)?.failures ?? 0, this.#budget);
  }

  /** Milliseconds until the key may try again; 0 if it may now. */
  waitMs(key: string, now: number): number {
    const tally = this.#current(key, now);
    return tally === undefined ? 0 : Math.max(0, tally.last + delayAfter(tally.failures, this.#budget) - now);
  }

  /** Counts a failure; the returned function takes it back, with the wait that it began. */
  add(key: string, now: number): () => void {
    const tally = this.#current(key, now) ?? { failures: 0, since: now, last: Number.NEGATIVE_INFINITY };
    const { failures, last } = tally;
    tally.failures = Math.min(failures + 1, this.#budget.free + MAX_BEYOND);
    tally.since = now;
    tally.last = now;
    this.#tallies.delete(key);
    this.#tallies.set(key, tally);
    this.#dropOldest();
    return () => {
      if (this.#tallies.get(key) !== tally) return;
      tally.failures -= 1;
      if (tally.last === now) tally.last = last;
      if (tally.failures <= 0) this.#tallies.delete(key);
    };
  }

  clear(key: string): void {
    this.#tallies.delete(key);
  }

  #dropOldest(): void {
    for (const oldest of this.#tallies.keys()) {
      if (this.#tallies.size <= this.#capacity) return;
      this.#tallies.delete(oldest);
    }
  }

  #current(key: string, now: number): Tally | undefined {
    const tally = this.#tallies.get(key);
    if (tally === undefined) return undefined;
    const forgotten = Math.max(0, Math.floor((now - tally.since) / this.#budget.forgetMs));
    tally.failures -= forgotten;
    tally.since += forgotten * this.#budget.forgetMs;
    if (tally.failures > 0) return tally;
    this.#tallies.delete(key);
    return undefined;
  }
}

function delayAfter(failures: number, budget: Budget): number {
  const beyond = failures - budget.free;
  return beyond < 0 ? 0 : Math.min(budget.maxDelayMs, budget.firstDelayMs * 2 ** beyond);
}
