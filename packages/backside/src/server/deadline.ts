/** A time by which several steps, one after the other, should be done. */
export class Deadline {
  readonly #at: number;

  constructor(withinMs: number) {
    this.#at = performance.now() + withinMs;
  }

  /** 0 when it has passed. */
  get leftMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** Resolves when the work is done, or the time is over. Rejects if the work fails before. */
  async race(work: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      // Timers may ring up to a millisecond early.
      timer = setTimeout(resolve, Math.ceil(this.leftMs) + 1);
    });
    await Promise.race([work, late]).finally(() => clearTimeout(timer));
  }
}
