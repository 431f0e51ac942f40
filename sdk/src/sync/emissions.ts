/**
 * Calls of an application's listeners, one after the other: what a listener causes is told after what had happened before it. A
 * listener that throws keeps nobody else from being called.
 */
export class Emissions {
  readonly #report: (error: unknown) => void;
  #waiting: (() => void)[] = [];
  #busy = false;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  add(call: () => void): void {
    this.#waiting.push(call);
  }

  /** Makes all calls, unless that is being done already. */
  flush(): void {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      for (const call of calls) this.#make(call);
    }
    this.#busy = false;
  }

  #make(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report(error);
    }
  }
}
