import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { PLACES } from './places.js';

/** How long a lease that does not beat is left alone, in milliseconds of the one who waits. */
const LAPSE_MS = 5_000;

export interface LeaseOptions {
  readonly tree: PrivateTree;
  /** Names this process; no other one, before or after, has the same. */
  readonly holder: string;
  /** Whether no other process can be alive: then whatever lease is found is of the dead. */
  readonly alone: boolean;
  readonly now: () => number;
}

/** Which one of the nodes that share a database runs its functions. */
export class Lease {
  readonly #options: LeaseOptions;
  #beat = 0;
  /** The lease of another as it was last seen to change, and when. */
  #seen: { readonly holder: unknown; readonly beat: unknown; readonly at: number } | null = null;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /**
   * Takes the lease if it is free, or has not changed for `LAPSE_MS` in which this was asked again and again. Resolves with whether this
   * node has it now. Rejects if the tree cannot be read or written.
   */
  async tryTake(): Promise<boolean> {
    const { tree, holder, alone, now } = this.#options;
    await tree.refresh();
    const [current, beat] = [tree.read(PLACES.holder), tree.read(PLACES.beat)];
    if (current !== null && !alone && !this.#hasLapsed(current, beat, now())) return false;
    const changes = [{ path: PLACES.lease, value: { holder, beat: ++this.#beat } }];
    return refusedIsFalse(
      tree.update(changes, [
        { path: PLACES.holder, value: current },
        { path: PLACES.beat, value: beat },
      ]),
    );
  }

  #hasLapsed(holder: unknown, beat: unknown, now: number): boolean {
    const seen = this.#seen;
    if (seen !== null && seen.holder === holder && seen.beat === beat) return now - seen.at >= LAPSE_MS;
    this.#seen = { holder, beat, at: now };
    return false;
  }

  /** Shows life. Resolves with whether this node still has the lease. */
  renew(): Promise<boolean> {
    const { tree, holder } = this.#options;
    const changes = [{ path: PLACES.beat, value: ++this.#beat }];
    return refusedIsFalse(tree.update(changes, [{ path: PLACES.holder, value: holder }]));
  }

  /** Leaves it to whoever comes next, if this node has it. */
  async release(): Promise<void> {
    const { tree, holder } = this.#options;
    await refusedIsFalse(tree.update([{ path: PLACES.lease, value: null }], [{ path: PLACES.holder, value: holder }]));
  }
}

/** False if something else stood where a value was expected. */
async function refusedIsFalse(update: Promise<void>): Promise<boolean> {
  try {
    await update;
    return true;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'precondition-failed') return false;
    throw error;
  }
}
