import type { Journal } from './journal.js';

/** A fresh, empty journal and what a test may do around it. */
export interface JournalFixture {
  /** Retention is off, and 200 commits of 1 KB are enough for `trim` to be able to drop some of them. */
  readonly journal: Journal;
  /** Closes the journal and opens it again as another process would; absent only if `supports.durability` is `none`. */
  readonly reopen?: () => Promise<Journal>;
  /** Another journal object over the same history; absent if there can only be one. */
  readonly second?: () => Promise<Journal>;
  /** Brings the journal's own checkpoint to its head, in full; absent if it has none, or if it is always there. */
  readonly project?: () => Promise<void>;
  /** Makes every write fail from now on; absent if nothing can fail. */
  readonly breakMedium?: () => Promise<void>;
  /** Closes what is open and removes what is left. */
  readonly dispose: () => Promise<void>;
}
