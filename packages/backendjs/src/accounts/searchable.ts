import { LegacyError } from '../http/legacy-error.js';
import { ACCOUNTS } from '../rows/tables.js';
import type { Viewer } from '../rows/visibility.js';

/** Columns that others may search by although they do not see them. */
const FINDABLE: ReadonlySet<string> = new Set([
  'login',
  'email',
  'phone',
  'gender',
  'company',
  'city',
  'state',
  'country',
]);

/**
 * What is found, and in which order, tells something about the columns that were asked for. Throws 400 where that is nobody's
 * business, such as where somebody is.
 */
export function checkSearchable(columns: readonly string[], viewer: Viewer): void {
  if (viewer.isAdmin) return;
  for (const column of columns) {
    if (ACCOUNTS.columns.get(column)?.pub || FINDABLE.has(column)) continue;
    throw new LegacyError(400, `accounts cannot be searched by ${column}`);
  }
}
