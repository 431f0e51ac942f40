const LONGEST_PAUSE_MS = 2_000;
/** How long Redis may take to say good-bye. */
const GOODBYE_MS = 3_000;

/** Whether connections that break are made again: for as long as anybody wants them. */
export class Line {
  #givenUp = false;

  /** For the client library: the pause before try number `times`; null to leave it. */
  readonly retryStrategy = (times: number): number | null =>
    this.#givenUp ? null : Math.min(times * 100, LONGEST_PAUSE_MS);

  /** Waits for a good-bye, but not for ever: what cannot be reached then is let go of at its next try. */
  async goodbye(said: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    try {
      await Promise.race([said, late]);
    } finally {
      this.#givenUp = true;
      clearTimeout(timer);
    }
  }
}
