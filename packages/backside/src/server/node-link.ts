import type { Notifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { BrokerState } from './worker-notifier.js';

/** How often the workers are told how the notifier is if that has changed, in milliseconds. */
const TELL_MS = 500;
/** After so long it is tried again to hear what could not be heard, in milliseconds. */
const AGAIN_MS = 500;

/** What is passed on under one name. */
interface Passage {
  /** How many have joined and not left. */
  joined: number;
  /** Settled once all is heard that is to be passed on, or cannot be. */
  opened: Promise<void>;
  readonly ends: (() => Promise<void>)[];
}

/** Between the workers of one node and the other nodes, in the primary. */
export class NodeLink {
  /** Between nodes. */
  readonly notifier: Notifier;
  /** To the workers of this node. */
  readonly workers: Notifier;
  readonly #logger: Logger;
  readonly #passages = new Map<string, Passage>();
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
   * Passes on what the workers and other nodes tell each other under a name that is no database's, until everybody who has joined has called
   * the returned function: hints, of which some may be lost while the notifier is down.
   */
  join(topic: string): () => void {
    const passage = this.#passages.get(topic) ?? this.#open(topic);
    passage.joined += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      passage.joined -= 1;
      if (passage.joined === 0) this.#close(topic, passage);
    };
  }

  /** Lets go of the workers; the notifier is its owner's. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#passages.clear();
    await this.workers.close();
  }

  #open(topic: string): Passage {
    const passage: Passage = { joined: 0, opened: Promise.resolve(), ends: [] };
    this.#passages.set(topic, passage);
    this.#begin(topic, passage);
    return passage;
  }

  #begin(topic: string, passage: Passage): void {
    passage.opened = this.#pass(topic, passage.ends);
    passage.opened.catch((error: unknown) => {
      this.#logger.warn({ err: error, topic }, 'what other nodes tell is not heard; trying again');
      setTimeout(() => void this.#again(topic, passage), AGAIN_MS).unref();
    });
  }

  async #again(topic: string, passage: Passage): Promise<void> {
    await Promise.allSettled(passage.ends.splice(0).map((end) => end()));
    if (this.#passages.get(topic) === passage) this.#begin(topic, passage);
  }

  async #pass(topic: string, ends: (() => Promise<void>)[]): Promise<void> {
    ends.push(await this.workers.subscribe(topic, ({ commits }) => this.notifier.publish(topic, commits)));
    ends.push(await this.notifier.subscribe(topic, ({ commits }) => this.workers.publish(topic, commits)));
  }

  /** A later join opens another one. */
  #close(topic: string, passage: Passage): void {
    if (this.#passages.get(topic) !== passage) return;
    this.#passages.delete(topic);
    passage.opened
      .catch(() => undefined) // told when it failed
      .then(() => Promise.all(passage.ends.splice(0).map((end) => end())))
      .catch((error: unknown) => this.#logger.warn({ err: error, topic }, 'what other nodes tell is heard in vain'));
  }

  #tell(): void {
    const text = JSON.stringify(this.state);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(this.state);
  }
}
