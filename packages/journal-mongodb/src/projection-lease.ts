import { isDuplicate, request } from './mongo-error.js';
import type { LeaseDocument, ProjectionPlace } from './projection-place.js';

export interface ProjectionLeaseOptions {
  readonly place: ProjectionPlace;
  readonly database: string;
  /** Unique among all who may hold it. */
  readonly holder: string;
  readonly leaseMs: number;
  /** Milliseconds since the epoch; clocks of nodes may differ by less than `leaseMs`. */
  readonly now: () => number;
  readonly elapsed: () => number;
}

/**
 * The right to project, held by one node at a time. It only spares the others the work: a node that takes itself for the holder and
 * is not does no harm, since the batch log lets nobody write anything else than the others.
 */
export class ProjectionLease {
  readonly #options: ProjectionLeaseOptions;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProjectionLeaseOptions) {
    this.#options = options;
  }

  /** Renews the lease, or takes it if nobody holds it. Resolves with whether this is the holder. */
  async hold(): Promise<boolean> {
    const { elapsed, leaseMs } = this.#options;
    if (elapsed() - this.#renewedAt < leaseMs / 3) return true;
    const askedAt = elapsed();
    const isHolder = await request(() => this.#claim());
    this.#renewedAt = isHolder ? askedAt : Number.NEGATIVE_INFINITY;
    return isHolder;
  }

  /** Leaves it to the next who asks. */
  async release(): Promise<void> {
    const { place, database, holder } = this.#options;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    const lease = await request(() => place.leases.findOne({ _id: database }));
    if (lease?.holder !== holder) return;
    await request(() =>
      place.leases.updateOne(place.only<LeaseDocument>(database, { holder }), { $set: { expires: 0 } }),
    );
  }

  async #claim(): Promise<boolean> {
    const { place, database, holder, now, leaseMs } = this.#options;
    const expires = now() + leaseMs;
    const current = await place.leases.findOne({ _id: database });
    if (current === null) return this.#claimFirst({ _id: database, holder, fence: 1, expires });
    if (current.holder !== holder && current.expires > now()) return false;
    const fence = current.fence + (current.holder === holder ? 0 : 1);
    const { modifiedCount } = await place.leases.updateOne(
      place.only<LeaseDocument>(database, { holder: current.holder, fence: current.fence, expires: current.expires }),
      { $set: { holder, fence, expires } },
    );
    return modifiedCount === 1;
  }

  async #claimFirst(lease: LeaseDocument): Promise<boolean> {
    try {
      await this.#options.place.leases.insertOne(lease);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
}
