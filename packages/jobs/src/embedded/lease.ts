import { randomUUID } from 'node:crypto';
import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Path } from '@backside/tree';
import { PATHS } from './records.js';

/** How often a living holder beats within the time after which it is taken for dead. */
const BEATS_PER_LIFE = 3;

export interface LeaseOptions {
  readonly tree: PrivateTree;
  /** After how many milliseconds without a beat others may take over. */
  readonly lifeMs: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
}

/**
 * The lease of one consumer: while it beats, nobody touches the jobs that the consumer has taken. One lease covers them all, so
 * what it costs does not depend on their number; without jobs it is not kept.
 */
export class Lease {
  readonly #options: LeaseOptions;
  /** Aborted and replaced with the identity. */
  #lost = new AbortController();
  #id: string = randomUUID();
  #beat = 0;
  /** When the last successful beat was begun. */
  #heldAt = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Changes when the lease was lost: what was taken under another one belongs to others. */
  get id(): string {
    return this.#id;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How often `beat` must be called while there are jobs, in milliseconds. */
  get beatMs(): number {
    return this.#options.lifeMs / BEATS_PER_LIFE;
  }

  /** Resolves if the lease is fresh enough to take jobs under it. Rejects as the tree does. */
  async assure(): Promise<void> {
    if (this.#elapsed() > this.beatMs) await this.beat();
  }

  /** Shows that the consumer lives. If others have taken over, or may have, the lease is lost and a new one begins. */
  async beat(): Promise<void> {
    if (this.#beat > 0 && this.#elapsed() >= this.#options.lifeMs) this.#lose();
    const begun = this.#options.monotonic();
    const place: Path = [...PATHS.holders, this.#id];
    const isNew = this.#beat === 0;
    try {
      await this.#options.tree.update(
        [{ path: place, value: { id: this.#id, beat: this.#beat + 1 } }],
        isNew ? [] : [{ path: [...place, 'id'], value: this.#id }],
      );
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'precondition-failed')) throw error;
      this.#lose();
      return this.beat();
    }
    this.#beat += 1;
    this.#heldAt = begun;
  }

  /** Ends the lease in order: nobody has to wait for it to lapse. */
  async end(): Promise<void> {
    if (this.#beat === 0) return;
    const place = [...PATHS.holders, this.#id];
    this.#renew();
    await this.#options.tree.update([{ path: place, value: null }]);
  }

  #elapsed(): number {
    return this.#options.monotonic() - this.#heldAt;
  }

  #lose(): void {
    const lost = this.#lost;
    this.#renew();
    lost.abort(new BacksideError('unavailable', 'the job was given to another worker'));
  }

  #renew(): void {
    this.#lost = new AbortController();
    this.#id = randomUUID();
    this.#beat = 0;
    this.#heldAt = Number.NEGATIVE_INFINITY;
  }
}
