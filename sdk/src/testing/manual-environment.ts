import type { Environment, Wake } from '../link/environment.js';

interface Timer {
  due: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. */
export class ManualEnvironment implements Environment {
  time = 1_000_000;
  /** Timers come at multiples of this only, as those of hidden tabs do. */
  granularityMs = 1;
  readonly reported: unknown[] = [];
  readonly #timers = new Set<Timer>();
  readonly #wakers = new Set<(cause: Wake) => void>();
  readonly now = (): number => this.time;
  readonly random = (): number => 0.5;
  readonly report = (error: unknown): void => void this.reported.push(error);

  readonly setTimeout = (callback: () => void, ms: number): unknown => {
    const due = Math.ceil((this.time + ms) / this.granularityMs) * this.granularityMs;
    const timer = { due, callback };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (timer: unknown): void => void this.#timers.delete(timer as Timer);

  readonly onWake = (listener: (cause: Wake) => void): (() => void) => {
    this.#wakers.add(listener);
    return () => this.#wakers.delete(listener);
  };

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  wake(cause: Wake = 'visible'): void {
    for (const listener of this.#wakers) listener(cause);
  }

  /** Lets time pass, and runs what becomes due in its order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.due);
      next.callback();
    }
    this.time = end;
  }

  /** The machine sleeps: time passes, and nothing runs before it is awake again. */
  sleep(ms: number): void {
    this.time += ms;
    this.advance(0);
  }

  /** The clock is set to this time; timers that wait come after as long as before. */
  setClock(time: number): void {
    for (const timer of this.#timers) timer.due += time - this.time;
    this.time = time;
  }

  #next(end: number): Timer | null {
    const due = [...this.#timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due);
    return due[0] ?? null;
  }
}
