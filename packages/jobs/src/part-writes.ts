import type { JobStep } from './handler.js';

/** Makes write number `nth` of a part, counted from 1. */
type MakeWrite = (nth: number, steps: readonly JobStep[]) => Promise<void>;

/** The writes of a part of a job, made one after another in the order in which its handler asked for them. */
export class PartWrites {
  readonly #make: MakeWrite;
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(make: MakeWrite) {
    this.#make = make;
  }

  write(steps: readonly JobStep[]): Promise<void> {
    this.#count += 1;
    const nth = this.#count;
    const made = this.#last.then(() => this.#make(nth, steps));
    // One that fails is the handler's to deal with; the next one of the part fails as well, since writes are counted.
    this.#last = made;
    made.catch(() => {});
    return made;
  }

  /** Resolves once what was asked for is made or refused. */
  async settle(): Promise<void> {
    await this.#last.catch(() => {});
  }
}
