import { BacksideError } from '@backside/protocol';
import type { Bucket } from '../cache.js';

/** The bounds of one kind of rate limit. */
export type Bounds = Bucket;

/** Names of settings about rate limits with their values. */
export type LimitNames = Map<string, number>;

export const LIMIT_NAME: RegExp = /^rlimits-(rate|max|interval)-([A-Za-z0-9_]+)$/;

/** The interval of limits that name none. */
export const DEFAULT_INTERVAL_MS = 1_000;

/** The limits by what is limited. `max` is the rate if not said, the interval a second. Throws `invalid-data`. */
export function limitsOf(values: LimitNames): Map<string, Bounds> {
  const partial = new Map<string, { rate?: number; max?: number; interval?: number }>();
  for (const [name, value] of values) {
    const [, part, what] = LIMIT_NAME.exec(name)!;
    if (!(value > 0 && Number.isFinite(value))) throw new BacksideError('invalid-data', `${name} is more than zero`);
    partial.set(what!, { ...partial.get(what!), [part!]: value });
  }
  const limits = new Map<string, Bounds>();
  for (const [what, { rate, max, interval }] of partial) {
    if (rate === undefined) throw new BacksideError('invalid-data', `rlimits-rate-${what} is missing`);
    limits.set(what, { rate, max: max ?? rate, intervalMs: interval ?? DEFAULT_INTERVAL_MS });
  }
  return limits;
}
