/** Bounds of the waiting time between two attempts to connect, in milliseconds. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly lastMs: number;
}

export const DEFAULT_BACKOFF: BackoffLimits = { firstMs: 200, lastMs: 30_000 };

/**
 * How long to wait after so many failed attempts in a row (1 or more): drawn evenly between nothing and a bound that doubles
 * each time, so that clients which lost the same server do not come back together.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const bound = Math.min(limits.lastMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(random() * bound);
}
