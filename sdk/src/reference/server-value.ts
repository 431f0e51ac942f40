import type { ServerNumber } from '../schema/index.js';

/** Values that the server fills in. Until it has, views show this client's estimate. */
export const ServerValue: {
  /** Milliseconds since 1970, by the server's clock. */
  readonly timestamp: ServerNumber;
  /** The number that is there plus `by`; `by` itself where there is no number. */
  increment(by: number): ServerNumber;
} = {
  timestamp: { '.sv': 'timestamp' },
  increment: (by) => ({ '.sv': { increment: by } }),
};
