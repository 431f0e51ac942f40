/** A clock that went back by more than this was set; smaller steps are times that were read a little earlier. */
const CLOCK_SET_MS = 10_000;

/**
 * Something that may be spent at so much a second, and twice as much at once after a time of rest. `Infinity` means that it
 * is never spent.
 */
export class Budget {
  readonly #perSecond: number;
  /** In thousandths, as `#left`: so that a millisecond brings a whole number, and many of them bring what they should. */
  readonly #most: number;
  #left: number;
  #refilledAt: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#most = 2_000 * perSecond;
    this.#left = this.#most;
    this.#refilledAt = now;
  }

  /** Adds what has come in until `now`, in milliseconds. */
  refill(now: number): void {
    const passedMs = now - this.#refilledAt;
    if (passedMs > 0) this.#left = Math.min(this.#most, this.#left + passedMs * this.#perSecond);
    if (passedMs > 0 || passedMs < -CLOCK_SET_MS) this.#refilledAt = now;
  }

  /** Whether so much may be spent now. What costs more than there can ever be needs all of it, and is owed beyond that. */
  covers(cost: number): boolean {
    return this.#left >= 1_000 * cost || (this.#left === this.#most && this.#most > 0);
  }

  spend(cost: number): void {
    this.#left -= 1_000 * cost;
  }

  /** Whether nothing is missing, so that it cannot be told from a new one. */
  get full(): boolean {
    return this.#left >= this.#most;
  }

  /** The milliseconds, rounded up, until so much may be spent if nothing else is; `Infinity` if that never comes. */
  waitMs(cost: number): number {
    if (this.#perSecond === 0) return Number.POSITIVE_INFINITY;
    const missing = Math.min(1_000 * cost, this.#most) - this.#left;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perSecond);
  }
}
