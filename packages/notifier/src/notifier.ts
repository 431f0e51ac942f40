import type { Commit } from '@backside/protocol';

/** What a notifier tells about one database. */
export interface Notice {
  /**
   * In the order of their revisions, those of the publisher alone: between any two of them others may have committed. Empty if they were
   * too large for the broker, or lost.
   */
  readonly commits: readonly Commit[];
  /** The newest revision that the publisher meant; null if any number of notices may have been missed: only the journal knows. */
  readonly head: number | null;
}

/** Called with what another node (or this one) published. Must not throw. */
export type NoticeHandler = (notice: Notice) => void;

export interface NotifierState {
  /** Whether what is published now reaches the others. */
  readonly up: boolean;
  /** Commits that were given up so far, because the link was down for longer than what waits may grow: the others are only told their revisions. */
  readonly dropped: number;
}

/**
 * Tells other nodes about new commits. A hint and no more: it may be lost, late, doubled or out of order between
 * publishers, and a receiver that sees a gap reads the journal. Only durable commits are published. Whatever waits for a link that
 * is down is bounded.
 */
export interface Notifier {
  /** Whether it reaches processes on other machines. */
  readonly betweenNodes: boolean;
  readonly state: NotifierState;
  /**
   * Hands durable commits on. Returns at once and calls no handler before it returns; a failure to deliver is the driver's to
   * log and to recover from.
   */
  publish(database: string, commits: readonly Commit[]): void;
  /**
   * Calls `handler` for what others publish from now on; whether the publisher's own commits come back is up to the
   * driver. Resolves once nothing published later can be missed; the returned function ends it. A link that was lost is made
   * again by the driver; once it is, and something may have been missed meanwhile, each handler gets a notice that says so. Rejects with
   * `unavailable` if the link is down or the notifier closed.
   */
  subscribe(database: string, handler: NoticeHandler): Promise<() => Promise<void>>;
  /** Sends what is queued if the link is up, then releases everything. No handler is called afterwards. */
  close(): Promise<void>;
}

/** A notice of these commits. */
export function noticeOf(commits: readonly Commit[]): Notice {
  return { commits, head: commits.at(-1)?.revision ?? null };
}

/** Something may have been missed. */
export const GAP: Notice = { commits: [], head: null };
