/** The head of a journal, and the local time at which it was asked for: the head then was this or an earlier one. */
export interface HeadAnswer {
  readonly head: number;
  readonly askedAt: number;
}

/** Asks for the head of the journal on behalf of many, one call at a time. */
export class HeadReads {
  readonly #ask: () => Promise<number>;
  readonly #now: () => number;
  #running: Promise<HeadAnswer> | null = null;
  #next: Promise<HeadAnswer> | null = null;

  constructor(ask: () => Promise<number>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** The head, as answered to a question that was not asked before this call. Rejects as the question does. */
  read(): Promise<HeadAnswer> {
    if (this.#running === null) return this.#start();
    // What is being asked already may have been answered before this call.
    const again = (): Promise<HeadAnswer> => this.#start();
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }

  #start(): Promise<HeadAnswer> {
    this.#next = null;
    const askedAt = this.#now();
    const running = this.#ask()
      .then((head) => ({ head, askedAt }))
      .finally(() => {
        if (this.#next === null) this.#running = null;
      });
    this.#running = running;
    return running;
  }
}
