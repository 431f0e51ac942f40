import type { Json } from '@backside/tree';
import { toText } from '../http/coercion.js';
import { rowOf } from '../rows/row-write.js';
import { newRow, type Row } from '../rows/table.js';
import { ACCOUNTS } from '../rows/tables.js';

/** What clients cannot say of an account row, or not here: places are put by themselves. */
const FILLED: ReadonlySet<string> = new Set(['id', 'login', 'ctime', 'mtime']);
/** What belongs to the credential, and never stands in the tree. */
const CREDENTIAL: ReadonlySet<string> = new Set([
  ...['secret', 'password', 'salt', 'token_secret', 'auth_secret', 'flags', 'expires'],
  ...['acl_deny', 'acl_allow', 'query_deny', 'rlimits_max', 'rlimits_rate'],
]);
const PLACE: ReadonlySet<string> = new Set(['geohash', 'latitude', 'longitude', 'location', 'ltime']);

const YEAR_MS = 365.2425 * 24 * 60 * 60 * 1000;

/** The columns of an account row that a request sets: empty values are none, null takes a column away. */
export function accountColumns(params: Iterable<readonly [string, Json]>): Row {
  const columns = newRow();
  for (const [name, value] of Object.entries(rowOf(ACCOUNTS, params))) {
    if (isSettable(name) && value !== '') columns[name] = value;
  }
  if (columns.name === null) delete columns.name;
  return withNameParts(columns);
}

function isSettable(name: string): boolean {
  return !FILLED.has(name) && !CREDENTIAL.has(name) && !PLACE.has(name) && !ACCOUNTS.columns.get(name)?.admin;
}

/** First and last name are what the name says, unless they are said themselves. */
function withNameParts(columns: Row): Row {
  const name = toText(columns.name).trim();
  if (name === '') return columns;
  const [first = '', ...others] = name.split(/\s+/);
  const last = others.join(' ');
  return newRow({ first_name: first, ...(last !== '' && { last_name: last }), ...columns });
}

/** The row with what is computed from it: `age` in whole years, where a birthday is known. */
export function withAge(row: Row, now: number): Row {
  const born = Date.parse(toText(row.birthday));
  if (!Number.isFinite(born) || born > now) return row;
  return newRow({ ...row, age: Math.floor((now - born) / YEAR_MS) });
}
