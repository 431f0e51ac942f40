import { BacksideError } from '@backside/protocol';

const ENDING: readonly string[] = ['SIGTERM', 'SIGINT'];
const STEERING: readonly string[] = ['SIGHUP', 'SIGUSR2'];
const SIGNALS = [...ENDING, ...STEERING];

/**
 * Keeps the signals that come before a server serves: unheard they would end the process, in the midst of opening. The first one that
 * ends is told at once, by `ending`; all are given to whoever listens once it serves.
 */
export class HeldSignals {
  readonly #events: Pick<NodeJS.Process, 'on' | 'off' | 'emit' | 'exit'>;
  readonly #held: NodeJS.Signals[] = [];
  readonly #ending = new AbortController();
  #isOpening = false;

  constructor(events: Pick<NodeJS.Process, 'on' | 'off' | 'emit' | 'exit'>) {
    this.#events = events;
  }

  /** Keeps what comes from now on. While there is nothing to close, one that ends does so at once. */
  hold(): void {
    for (const signal of SIGNALS) this.#events.on(signal, this.#keep);
  }

  /** From now on there may be something to close; returns what tells that this is asked for. */
  startOpening(): AbortSignal {
    this.#isOpening = true;
    return this.#ending.signal;
  }

  /** The server serves, and others listen: what was kept comes to them as if it came now. */
  release(): void {
    for (const signal of SIGNALS) this.#events.off(signal, this.#keep);
    for (const signal of this.#held.splice(0)) this.#events.emit(signal, signal);
  }

  readonly #keep = (signal: NodeJS.Signals): void => {
    if (ENDING.includes(signal) && !this.#isOpening) this.#events.exit(0);
    if (ENDING.includes(signal) && this.#ending.signal.aborted) this.#events.exit(1);
    if (!this.#held.includes(signal)) this.#held.push(signal);
    if (ENDING.includes(signal))
      this.#ending.abort(new BacksideError('unavailable', `the start was ended by ${signal}`));
  };
}
