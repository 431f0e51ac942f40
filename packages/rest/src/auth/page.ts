import { BacksideError } from '@backside/protocol';
import { type Call, queryValue } from '../endpoint.js';

const MAX_PAGE = 1_000;

/** Which part of a list is asked for. Throws `invalid-query`. */
export function pageOf(call: Call): { readonly after: string | undefined; readonly limit: number | undefined } {
  return { after: queryValue(call, 'after'), limit: limitOf(call) };
}

/** How many entries are asked for, at most 1,000. Throws `invalid-query`. */
export function limitOf(call: Call): number | undefined {
  const source = queryValue(call, 'limit');
  if (source === undefined) return undefined;
  const limit = /^\d{1,4}$/.test(source) ? Number(source) : 0;
  if (limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new BacksideError('invalid-query', `"limit" must be a number from 1 to ${MAX_PAGE}`);
}
