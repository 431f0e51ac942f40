/** Longest wait of one timer in milliseconds: a device that slept is back to the clock within a minute. */
const MAX_WAIT_MS = 60_000;
/** First and longest wait after a renewal that failed. */
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 60_000;

/** Renews when it is time, and again for as long as that fails. Keeps no process alive. */
export class RenewalTimer {
  readonly #renew: () => Promise<void>;
  readonly #now: () => number;
  /** Milliseconds since 1970; null for never. */
  #dueAt: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #retryMs = FIRST_RETRY_MS;

  constructor(renew: () => Promise<void>, now: () => number) {
    this.#renew = renew;
    this.#now = now;
  }

  schedule(dueAt: number | null): void {
    this.#dueAt = dueAt;
    this.#retryMs = FIRST_RETRY_MS;
    this.#wait();
  }

  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#dueAt === null) return;
    const waitMs = Math.min(MAX_WAIT_MS, Math.max(0, this.#dueAt - this.#now()));
    this.#timer = setTimeout(() => this.#check(), waitMs);
    // In Node a timer is an object that can be told to let the process end; in browsers it is a number.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #check(): void {
    const dueAt = this.#dueAt;
    if (dueAt === null) return;
    if (this.#now() < dueAt) this.#wait();
    else this.#renew().catch(() => this.#retryAfter(dueAt));
  }

  /** The server could not be asked. Whoever needs the token meanwhile asks as well, and is told why it failed. */
  #retryAfter(dueAt: number): void {
    if (this.#dueAt !== dueAt) return;
    const retryMs = this.#retryMs;
    this.schedule(this.#now() + retryMs);
    this.#retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
  }
}
