import { BacksideError, type Commit, toBacksideError } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Path } from '@backside/tree';
import { type History, touches } from './history.js';
import type { ListenOptions, Subscription } from './listener.js';

interface LateStart<Encoded> {
  /** The revision of the resume point. */
  readonly after: number;
  readonly maxCommits: number;
  readonly journal: Journal;
  readonly history: History;
  /** Registers the subscription; commits that touch the path, up to the present, or null for a snapshot. */
  readonly subscribe: (tail: readonly Commit[] | null, options?: ListenOptions<Encoded>) => Subscription;
}

/**
 * A subscription whose resume point lies further back than memory: reads the missing commits from the journal, and is
 * registered once nothing is missing between them and the present.
 */
export class LateSubscription<Encoded> implements Subscription {
  readonly path: Path;
  readonly #options: ListenOptions<Encoded>;
  readonly #start: LateStart<Encoded>;
  #subscription: Subscription | null = null;
  #paused = false;
  #ended = false;

  constructor(options: ListenOptions<Encoded>, start: LateStart<Encoded>) {
    this.path = options.path;
    this.#options = options;
    this.#start = start;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const tail = await this.#readTail();
      if (this.#ended) return;
      this.#subscription = this.#start.subscribe(tail);
      if (this.#paused) this.#subscription.pause();
    } catch (error) {
      if (!this.#ended) this.#options.listener.cancelled(toBacksideError(error));
      this.#ended = true;
    }
  }

  /** The commits after the resume point that touch the path, up to the present; null if they are no longer kept. */
  async #readTail(): Promise<Commit[] | null> {
    const { journal, history, after } = this.#start;
    const tail: Commit[] = [];
    let revision = after;
    try {
      for (;;) {
        const rest = history.since(revision);
        if (rest !== null) return [...tail, ...rest.filter((commit) => touches(commit, this.path))];
        const before = revision;
        for await (const commits of journal.commits(revision)) {
          if (this.#ended) return null;
          tail.push(...commits.filter((commit) => touches(commit, this.path)));
          revision = commits.at(-1)?.revision ?? revision;
          if (tail.length > this.#start.maxCommits) return null;
        }
        if (revision === before) return null;
      }
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'not-found') return null;
      throw error;
    }
  }

  pause(): void {
    this.#paused = true;
    this.#subscription?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#subscription?.resume();
  }

  end(): void {
    this.#ended = true;
    this.#subscription?.end();
  }
}
