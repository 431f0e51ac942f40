import type { LegacyCall } from '../endpoint.js';
import { toText } from '../http/coercion.js';
import { LegacyError, required } from '../http/legacy-error.js';
import { rowOf } from '../rows/row-write.js';
import { newRow, pathOf, type Row, type Table } from '../rows/table.js';
import { TABLES } from '../rows/tables.js';

/** The table that a request names. Throws 404 for none that there is. */
export function tableOf({ variables }: LegacyCall): Table {
  const table = TABLES.get(variables.table ?? '');
  if (table === undefined) throw new LegacyError(404, 'Unknown table', 'NOTABLE');
  return table;
}

/** The row that a request describes, with a key that has a place. Throws 400 for a key that is not whole. */
export function rowIn(call: LegacyCall, table: Table): Row {
  const row = newRow(rowOf(table, call.params.columns()));
  pathOf(table.levels, row);
  return row;
}

/** Throws 400 if a column that may not be empty is, or is missing where the whole row is described. */
export function checkFilled(table: Table, row: Row, isWhole: boolean): void {
  for (const [name, { notEmpty }] of table.columns) {
    if (notEmpty && (isWhole || Object.hasOwn(row, name)) && toText(row[name]) === '') throw required(name);
  }
}

/** Rows as they are stored in the original: the parts of a joined key in one column. */
export function rawRow(table: Table, row: Row): Row {
  if (table.joined === null) return row;
  const [into, ...others] = table.joined;
  const raw = newRow({ ...row, [into as string]: table.joined.map((name) => row[name] ?? '').join('|') });
  for (const name of others) delete raw[name];
  return raw;
}
