import { type Locks, whileHolding } from './locks.js';
import type { Warn } from './sync-store.js';
import { TAB_PROTOCOL } from './tab-message.js';
import type { Owners } from './write-queue.js';

/**
 * One client among all that share a name in this browser; commonly, but not necessarily, one per tab. It is alive while it holds
 * the lock of its id, so the others learn of its end without asking.
 */
export class Tab implements Owners {
  readonly self: string = crypto.randomUUID();
  readonly #group: string;
  readonly #locks: Locks;
  readonly #held: Promise<() => void>;

  constructor(group: string, locks: Locks, warn: Warn) {
    this.#group = group;
    this.#locks = locks;
    this.#held = locks.hold(this.#lockOf(this.self));
    this.#held.catch((cause: unknown) => warn('the browser gave no lock to tell tabs apart', cause));
  }

  /** Resolves once this one counts as alive. Who speaks to others before that may be taken for dead. */
  async alive(): Promise<void> {
    await this.#held;
  }

  async others(): Promise<ReadonlySet<string>> {
    const prefix = this.#lockOf('');
    const ids = [...(await this.#locks.held())].flatMap((name) =>
      name.startsWith(prefix) ? name.slice(prefix.length) : [],
    );
    return new Set(ids.filter((id) => id !== this.self));
  }

  async alone<T>(task: () => Promise<T>): Promise<T> {
    await this.#held;
    return await whileHolding(this.#locks, `${this.#group}/adopt`, task);
  }

  /** Resolves when the other one has ended. */
  async ended(id: string, signal: AbortSignal): Promise<void> {
    const release = await this.#locks.hold(this.#lockOf(id), signal);
    release();
  }

  /** Resolves once this one leads the group, with what ends that. One tab of a group leads at a time. */
  lead(signal: AbortSignal): Promise<() => void> {
    return this.#locks.hold(`${this.#group}/v${TAB_PROTOCOL}/leader`, signal);
  }

  /** Lets the others know that this one has ended. */
  async leave(): Promise<void> {
    const release = await this.#held;
    release();
  }

  #lockOf(id: string): string {
    return `${this.#group}/tab/${id}`;
  }
}
