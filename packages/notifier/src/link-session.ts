import type { LinkEvents } from './broker-link.js';

/** The time from the wish for a link to its loss. */
export class LinkSession {
  /** Aborted when the session is over. */
  readonly signal: AbortSignal;
  /** Resolves with the reason when it is over. */
  readonly over: Promise<Error>;
  readonly #abort = new AbortController();
  readonly #waiting = new Set<(error: Error) => void>();
  #reason: Error | null = null;

  constructor() {
    this.signal = this.#abort.signal;
    this.over = new Promise((resolve) => this.#waiting.add(resolve));
  }

  get isOver(): boolean {
    return this.#reason !== null;
  }

  /** Ends it; only the first reason counts. */
  readonly lost = (reason: Error): void => {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#abort.abort(reason);
    for (const tell of this.#waiting) tell(reason);
    this.#waiting.clear();
  };

  /** The events of the link, for as long as the session lasts. */
  events({ message, missed, blocked }: Omit<LinkEvents, 'lost'>): LinkEvents {
    return {
      message: (topic, bytes) => void (this.isOver || message(topic, bytes)),
      missed: () => void (this.isOver || missed()),
      blocked: (isBlocked) => void (this.isOver || blocked(isBlocked)),
      lost: this.lost,
    };
  }

  /** What `promise` comes to; a rejection if the session is over before. */
  during<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason === null) this.#waiting.add(reject);
      else reject(this.#reason);
      const settled = (): unknown => this.#waiting.delete(reject);
      promise.then(resolve, reject).finally(settled);
    });
  }

  /** Resolves after `ms`, unless the session is over before: then it rejects. */
  async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await this.during(time).finally(() => clearTimeout(timer));
  }
}
