/** Of one second's work what a single spender may have, so that one alone leaves something for the others. */
const SHARE = 1 / 4;

/**
 * Work that may be done per second on behalf of somebody. A piece of work is done if anything is left, however large it is; what
 * it takes too much is made up for before the next.
 */
export class WorkBudget {
  readonly #perSecond: number;
  #left: number;
  #filledAt: number;
  /** What each has spent of the second that began at `#shareFrom`. */
  readonly #spent = new Map<string | null, number>();
  #shareFrom: number;

  /** @param now milliseconds since the epoch, as in `spend`. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#filledAt = now;
    this.#shareFrom = now;
  }

  /** Whether the work may be done; then it counts as done. `work` is at least 1. */
  spend(spender: string | null, work: number, now: number): boolean {
    this.#fill(now);
    const spent = this.#spent.get(spender) ?? 0;
    if (this.#left < 1 || spent + 1 > Math.max(1, this.#perSecond * SHARE)) return false;
    this.#left -= work;
    this.#spent.set(spender, spent + work);
    return true;
  }

  #fill(now: number): void {
    const earned = (Math.max(0, now - this.#filledAt) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + earned);
    this.#filledAt = now;
    if (Math.abs(now - this.#shareFrom) < 1000) return;
    this.#spent.clear();
    this.#shareFrom = now;
  }
}
