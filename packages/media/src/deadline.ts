import { BacksideError } from '@backside/protocol';

/** The time that one piece of work has, from now on. */
export class Deadline {
  readonly #passed: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    let reject!: (error: BacksideError) => void;
    this.#passed = new Promise((_, refuse) => {
      reject = refuse;
    });
    this.#passed.catch(() => undefined);
    this.#timer = setTimeout(() => reject(new BacksideError('timeout', 'the image takes too long')), ms);
  }

  /** What the work gives, or `timeout` once the time is over; the work itself goes on. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed]);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
