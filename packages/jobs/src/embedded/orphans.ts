import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { PATHS, type Records } from './records.js';

/** Looks in a row that must find a lease unchanged; a look comes this many times within the life of a lease. */
export const LOOKS_PER_LIFE = 4;
const UNCHANGED_LOOKS = LOOKS_PER_LIFE + 1;

/** Finds jobs whose holder has died. No clocks are compared: a lease lapses by being seen unchanged again and again. */
export class Orphans {
  readonly #tree: PrivateTree;
  readonly #records: Records;
  readonly #looks = new Map<string, { beat: number; unchanged: number }>();

  constructor(tree: PrivateTree, records: Records) {
    this.#tree = tree;
    this.#records = records;
  }

  /** One look at who holds the running jobs of `queue`; puts those of the dead back in line at once. Rejects as the tree does. */
  async look(queue: string, self: string): Promise<void> {
    const running = this.#records.running(queue);
    // Those that hold nothing any more are looked at as well, so that no dead one's lease stays for ever.
    const others = new Set([...running.values(), ...this.#tree.keys(PATHS.holders)]);
    others.delete(self);
    for (const holder of this.#looks.keys()) if (!others.has(holder)) this.#looks.delete(holder);
    if (others.size === 0) return;
    // Leases that only seem unchanged because this node hears nothing are no sign of death.
    await this.#tree.refresh().catch((error: unknown) => {
      this.#looks.clear();
      throw error;
    });
    for (const holder of others) {
      if (!(await this.#isGone(holder))) continue;
      for (const [id, heldBy] of running) if (heldBy === holder) await this.#putBack(queue, { id, holder });
    }
  }

  async #isGone(holder: string): Promise<boolean> {
    const beat = this.#tree.read([...PATHS.holders, holder, 'beat']);
    if (typeof beat !== 'number') return true;
    const last = this.#looks.get(holder);
    const unchanged = last?.beat === beat ? last.unchanged + 1 : 0;
    this.#looks.set(holder, { beat, unchanged });
    return unchanged >= UNCHANGED_LOOKS && (await this.#takeOver(holder, beat));
  }

  /** Ends the lease of the dead, so that it finds out should it come back; false if it shows life. */
  async #takeOver(holder: string, beat: number): Promise<boolean> {
    const place = [...PATHS.holders, holder];
    try {
      await this.#tree.update([{ path: place, value: null }], [{ path: [...place, 'beat'], value: beat }]);
      return true;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') return false;
      throw error;
    }
  }

  async #putBack(queue: string, { id, holder }: { id: string; holder: string }): Promise<void> {
    const record = this.#records.get(id);
    const stillHeld = this.#tree.read([...PATHS.running(queue), id]) === holder;
    if (record?.state !== 'running' || !stillHeld) return;
    await this.#records.putBack(record, { startAt: 0, error: record.error || 'the worker died', counted: true });
  }
}
