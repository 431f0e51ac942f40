import type { Notifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { BrokerState } from './worker-notifier.js';

/** How often the workers are told how the notifier is if that has changed, in milliseconds. */
const TELL_MS = 500;

/** Between the workers of one node and the other nodes, in the primary. */
export class NodeLink {
  /** Between nodes. */
  readonly notifier: Notifier;
  /** To the workers of this node. */
  readonly workers: Notifier;
  readonly #logger: Logger;
  readonly #topics = new Set<string>();
  readonly #listeners = new Set<(state: BrokerState) => void>();
  readonly #timer: NodeJS.Timeout;
  #told = '';

  constructor(notifier: Notifier, workers: Notifier, logger: Logger) {
    this.notifier = notifier;
    this.workers = workers;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#tell(), TELL_MS).unref();
  }

  get state(): BrokerState {
    const { betweenNodes, state } = this.notifier;
    return { betweenNodes, up: state.up, dropped: state.dropped };
  }

  /** Calls `listener` with the state of the notifier now, and whenever it has changed, until the returned function is called. */
  watch(listener: (state: BrokerState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Passes on what the workers and other nodes tell each other under a name that is no database's: hints, of which some may be lost
   * while the notifier is down.
   */
  join(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#pass(topic).catch((error: unknown) => {
      this.#topics.delete(topic);
      this.#logger.warn({ err: error, topic }, 'what other nodes tell is not heard');
    });
  }

  /** Lets go of the workers; the notifier is its owner's. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.workers.close();
  }

  async #pass(topic: string): Promise<void> {
    await this.workers.subscribe(topic, ({ commits }) => this.notifier.publish(topic, commits));
    await this.notifier.subscribe(topic, ({ commits }) => this.workers.publish(topic, commits));
  }

  #tell(): void {
    const text = JSON.stringify(this.state);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(this.state);
  }
}
