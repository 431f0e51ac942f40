import type { Commit } from '@backside/protocol';

/** Called with commits of one database that another node (or this one) made, in the order of their revisions. Must not throw. */
export type CommitHandler = (commits: readonly Commit[]) => void;

/**
 * Tells other nodes about new commits. A hint and no more: it may be lost, late, doubled or out of order between
 * publishers, and a receiver that sees a gap reads the journal. Only durable commits are published.
 */
export interface Notifier {
  /**
   * Hands durable commits on. Returns at once and calls no handler before it returns; a failure to deliver is the driver's to
   * log and to recover from.
   */
  publish(database: string, commits: readonly Commit[]): void;
  /**
   * Calls `handler` for what others publish from now on; whether the publisher's own commits come back is up to the
   * driver. Resolves once nothing published later can be missed; the returned function ends it. Rejects with `unavailable`
   * if the link is down or the notifier closed.
   */
  subscribe(database: string, handler: CommitHandler): Promise<() => Promise<void>>;
  /** Sends what is queued if the link is up, then releases everything. No handler is called afterwards. */
  close(): Promise<void>;
}
