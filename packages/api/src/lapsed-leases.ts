import type { LeaseState } from './node-lease.js';

/** How many looks in a row must find a lease unchanged before it counts as lapsed. The clocks of nodes are never compared. */
const UNCHANGED_LOOKS = 5;
/** From how many on it must be made sure that a living node could have changed it, and has the time to. */
const SUSPICIOUS_LOOKS = 3;

/**
 * A node that nobody alive answers for, and the holder whose lease has lapsed: itself, or the heir that died as well; or the one that
 * looks, which has not begun to make what that node left.
 */
export interface LapsedLease {
  readonly node: string;
  readonly holder: { readonly id: string /** Null if it has no lease at all. */; readonly beat: number | null };
}

/** Notices which leases have lapsed, by looking at them again and again. */
export class LapsedLeases {
  readonly #alone: boolean;
  readonly #looks = new Map<string, { beat: number; unchanged: number }>();
  #suspicious = false;

  /** `alone`: no lease but the own one can be held. */
  constructor(alone: boolean) {
    this.#alone = alone;
  }

  /** Whether a lease seems to lapse: from now on only looks count before which a write was made. */
  get suspicious(): boolean {
    return this.#suspicious;
  }

  /** Nobody could have shown life for a while: what was seen before counts for nothing. */
  interrupted(): void {
    this.#looks.clear();
    this.#suspicious = false;
  }

  /** One more look at all leases, which are those of now, by the node `self`, which makes what the nodes `inherited` left. */
  among(leases: ReadonlyMap<string, LeaseState>, self: string, inherited: ReadonlySet<string>): LapsedLease[] {
    for (const [id, { beat }] of leases) this.#look(id, beat);
    for (const id of this.#looks.keys()) if (!leases.has(id)) this.#looks.delete(id);
    const lapsed: LapsedLease[] = [];
    this.#suspicious = false;
    for (const [node, { holder: id }] of leases) {
      if (node === self || (id === self && inherited.has(node))) continue;
      const beat = leases.get(id)?.beat ?? null;
      if (id === self) {
        lapsed.push({ node, holder: { id, beat } });
        continue;
      }
      const unchanged = this.#looks.get(id)?.unchanged ?? 0;
      if (unchanged >= SUSPICIOUS_LOOKS) this.#suspicious = true;
      if (beat === null || beat === 0 || this.#alone || unchanged >= UNCHANGED_LOOKS)
        lapsed.push({ node, holder: { id, beat } });
    }
    return lapsed;
  }

  #look(id: string, beat: number): void {
    const last = this.#looks.get(id);
    this.#looks.set(id, { beat, unchanged: last?.beat === beat ? last.unchanged + 1 : 0 });
  }
}
