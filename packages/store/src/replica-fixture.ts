import type { Replica } from './replica.js';

/** A fresh, empty replica and what a test may do around it. */
export interface ReplicaFixture {
  readonly replica: Replica;
  /** Closes the replica and opens it again as another process would; absent only if `supports.persistent` is false. */
  readonly reopen?: () => Promise<Replica>;
  /** Closes what is open and removes what is left. */
  readonly dispose: () => Promise<void>;
}
