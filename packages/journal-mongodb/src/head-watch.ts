import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@backside/protocol';
import type { JournalCollection } from './journal-collection.js';
import type { JournalTip } from './journal-tip.js';

export interface HeadWatchOptions {
  readonly collection: JournalCollection;
  readonly tip: JournalTip;
  readonly logger: Logger;
  readonly elapsed: () => number;
  /** Whether the server tells of what is stored. */
  readonly changeStreams: boolean;
}

/** Between two looks at the journal, in milliseconds: while it grows, and at most. */
const BUSY_MS = 50;
const IDLE_MS = 1_000;
/** After a change stream has ended the journal is looked at for so long, in milliseconds, before another is begun. */
const WITHOUT_STREAM_MS = 10_000;

/**
 * Tells when others have appended: by a change stream where the server has them, else by looking, often while the journal grows and
 * ever more seldom while it does not. Does nothing while nobody listens.
 */
export class HeadWatch {
  readonly #options: HeadWatchOptions;
  readonly #listeners = new Set<(head: number) => void>();
  #told = 0;
  #stopping: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: HeadWatchOptions) {
    this.#options = options;
  }

  onHead(listener: (head: number) => void): () => void {
    const entry = (head: number): void => listener(head);
    this.#listeners.add(entry);
    this.#start();
    return () => {
      this.#listeners.delete(entry);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#stop();
    await this.#running;
  }

  #start(): void {
    if (this.#stopping !== null) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#told = this.#options.tip.revision;
    this.#running = this.#running.then(() => this.#run(stopping.signal));
  }

  #stop(): void {
    this.#stopping?.abort();
    this.#stopping = null;
  }

  async #run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      if (!this.#options.changeStreams) await this.#poll(stopped, Number.POSITIVE_INFINITY);
      else {
        await this.#follow(stopped);
        await this.#poll(stopped, WITHOUT_STREAM_MS);
      }
    }
  }

  /** Looks again and again, for about `forMs`, but a third of the time at most: on some servers looking is dear. */
  async #poll(stopped: AbortSignal, forMs: number): Promise<void> {
    const { elapsed } = this.#options;
    let waited = 0;
    for (let pauseMs = BUSY_MS; !stopped.aborted && waited < forMs; waited += pauseMs) {
      const began = elapsed();
      const grew = await this.#look();
      const restMs = Math.min(IDLE_MS, 2 * (elapsed() - began));
      pauseMs = Math.max(restMs, grew ? BUSY_MS : Math.min(IDLE_MS, pauseMs * 1.5));
      await pause(pauseMs, stopped);
    }
  }

  /** Resolves when the change stream has ended. What it tells while a look is under way is one more look. */
  async #follow(stopped: AbortSignal): Promise<void> {
    const { collection, logger } = this.#options;
    let looking: Promise<unknown> = Promise.resolve();
    let isDue = false;
    const stored = (): void => {
      if (isDue) return;
      isDue = true;
      looking = looking.then(() => {
        isDue = false;
        return this.#look();
      });
    };
    try {
      await collection.watch(stored, stopped);
    } catch (error) {
      logger.warn({ err: error }, 'the change stream of the journal has ended; looking instead');
    }
    await looking;
  }

  /** Resolves with whether the journal has grown since the last time. */
  async #look(): Promise<boolean> {
    const { tip, logger } = this.#options;
    try {
      await tip.follow();
    } catch (error) {
      logger.debug({ err: error }, 'the head of the journal cannot be read');
    }
    const head = tip.revision;
    if (head <= this.#told) return false;
    this.#told = head;
    for (const listener of this.#listeners) listener(head);
    return true;
  }
}

async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal: stopped }).catch(() => undefined); // stopped, which the caller sees
}
