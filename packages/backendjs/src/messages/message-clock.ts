/** Senders that are remembered; the oldest are forgotten beyond it. */
const MAX_SENDERS = 10_000;

/**
 * Times of messages: those of one sender are never the same on this server, however many come in one millisecond. Between servers the
 * commit itself sees to that.
 */
export class MessageClock {
  readonly #now: () => number;
  readonly #last = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds since the epoch, later than all times that this sender got before. */
  next(sender: string): number {
    const time = Math.max(this.#now(), (this.#last.get(sender) ?? 0) + 1);
    this.#last.delete(sender);
    this.#last.set(sender, time);
    if (this.#last.size > MAX_SENDERS) this.#forgetOldest();
    return time;
  }

  #forgetOldest(): void {
    for (const sender of this.#last.keys()) {
      this.#last.delete(sender);
      return;
    }
  }
}
