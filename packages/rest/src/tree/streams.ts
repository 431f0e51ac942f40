import { addressBlock } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { EventStream } from './event-stream.js';
import type { TreeLimits } from './tree-limits.js';

/** How exactly times are kept. */
const TICK_MS = 1_000;

/** All event streams of this process: counts them, and lets each look at the clock every second. */
export class Streams {
  readonly #limits: TreeLimits;
  readonly #now: () => number;
  readonly #streams = new Set<EventStream>();
  /** By the part of the network that one client is taken to hold. */
  readonly #byAddress = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(limits: TreeLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Throws `limit-exceeded`, or `shutting-down` once closed. */
  add(stream: EventStream): void {
    if (this.#closed) throw new BacksideError('shutting-down');
    const block = addressBlock(stream.address);
    const ofAddress = this.#byAddress.get(block) ?? 0;
    if (this.#streams.size >= this.#limits.maxStreams || ofAddress >= this.#limits.maxStreamsPerAddress) {
      throw new BacksideError('limit-exceeded', 'too many event streams');
    }
    this.#streams.add(stream);
    this.#byAddress.set(block, ofAddress + 1);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  delete(stream: EventStream): void {
    if (!this.#streams.delete(stream)) return;
    const block = addressBlock(stream.address);
    const ofAddress = (this.#byAddress.get(block) ?? 1) - 1;
    if (ofAddress === 0) this.#byAddress.delete(block);
    else this.#byAddress.set(block, ofAddress);
    if (this.#streams.size === 0) this.#stop();
  }

  #tick(): void {
    const now = this.#now();
    for (const stream of this.#streams) stream.tick(now);
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Ends all streams, so that their clients come back to another node, or later, with what they have. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams) stream.end();
    this.#stop();
  }
}
