import { LegacyError } from '../http/legacy-error.js';
import type { Params } from '../http/params.js';

/** Rows that one request may name. */
const MAX_IDS = 999;

/** The ids that a parameter lists; none without it. Throws 400 for too many. */
export function idsIn(params: Params, name: string): string[] {
  const ids = params.list(name);
  if (ids.length > MAX_IDS) throw new LegacyError(400, `more than ${MAX_IDS} ids`);
  return ids;
}
