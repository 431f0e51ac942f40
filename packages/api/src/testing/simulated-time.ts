/** Turns of the event loop after which everything that needs no time to pass has happened. */
const TURNS = 12;

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

/**
 * Time that passes only in `pass`, in which everything that is due happens in its order, however slow the machine is: what a test of many
 * nodes measures is then the same everywhere.
 */
export class SimulatedTime {
  #now = 1_700_000_000_000;
  #timers: Timer[] = [];

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = { at: this.#now + Math.max(0, ms), ring: resolve };
      const place = this.#timers.findLastIndex(({ at }) => at <= timer.at) + 1;
      this.#timers.splice(place, 0, timer);
    });

  /** Lets so many milliseconds pass, and everything happen that follows from that. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#now = Math.max(this.#now, next.at);
      while (this.#timers[0]?.at === next.at) this.#timers.shift()?.ring();
      await this.#settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Lets time pass until `done` holds, at most `ms`. Throws if it does not. */
  async until(done: () => boolean, ms: number): Promise<number> {
    const start = this.#now;
    await this.#settle();
    while (!done()) {
      if (this.#now - start >= ms) throw new Error(`it has not happened within ${ms} ms`);
      const next = this.#timers[0]?.at ?? start + ms;
      await this.pass(Math.min(next, start + ms) - this.#now);
    }
    return this.#now - start;
  }

  /** What `promise` comes to, letting time pass until it does, at most `ms`. */
  async result<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.until(() => settled, ms);
    return promise;
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
