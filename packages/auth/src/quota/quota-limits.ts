/**
 * What the connections of one user, or those from one address, may take together within one process. An operation is a SEND, a
 * SUBSCRIBE or a request over HTTP; twice a second's worth may come at once. Every number can be `Infinity`, which lifts that limit.
 */
export interface QuotaLimits {
  readonly operationsPerSecond: number;
  /** Bodies and headers of these operations. */
  readonly bytesPerSecond: number;
  /** Subscriptions to the tree, and event streams of it, at a time. */
  readonly listens: number;
}

export const NO_QUOTA: QuotaLimits = {
  operationsPerSecond: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  listens: Number.POSITIVE_INFINITY,
};
