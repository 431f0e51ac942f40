import { BacksideError } from '@backside/protocol';
import { type Call, queryValue } from '../endpoint.js';

export interface LimitBounds {
  /** Without a `limit` in the query string. */
  readonly usual: number;
  readonly most: number;
}

/** How many entries a list may have, as the query string says. Throws `invalid-query`. */
export function limitOf(call: Call, { usual, most }: LimitBounds): number {
  const limit = Number(queryValue(call, 'limit') ?? usual);
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new BacksideError('invalid-query', `"limit" is a whole number from 1 to ${most}`);
}
