import type { WriteStep } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { coerce, coerceNumber } from './coerce.js';
import { isColumnName, isNumeric } from './column.js';
import { encodeKey } from './encode-key.js';
import { toStored } from './row-json.js';
import { increment } from './row-store.js';
import { keyColumns, newRow, pathOf, type Row, type Table } from './table.js';

/**
 * Parameters as columns of a row: values as their columns hold them, null for those that are no such value. Columns that the table
 * does not know hold what was given.
 */
export function rowOf(table: Table, columns: Iterable<readonly [string, Json]>): Row {
  const row = newRow();
  for (const [name, value] of columns) {
    if (!isColumnName(name)) continue;
    const column = table.columns.get(name);
    row[name] = column === undefined ? value : coerce(column.type, value);
  }
  return row;
}

/** The row becomes exactly this. */
export function putSteps(table: Table, row: Row): WriteStep[] {
  return parts(table, row).map(({ path, stored }) => ({ method: 'set', path, value: stored }));
}

/** These columns of the row become this, null removes one. */
export function updateSteps(table: Table, row: Row): WriteStep[] {
  return parts(table, row)
    .filter(({ stored }) => Object.keys(stored).length > 0)
    .map(({ path, stored }) => ({ method: 'update', path, value: stored }));
}

/**
 * Numbers are added to what the columns hold, at the moment of the commit. Where `before` holds the text of a number the sum is made
 * here, and the write is to expect that row. Throws `invalid-data` for what is no number.
 */
export function incrementSteps(table: Table, row: Row, before: Row | null = null): WriteStep[] {
  const sums = newRow();
  for (const [name, value] of Object.entries(row)) {
    if (table.keys.includes(name)) continue;
    const type = table.columns.get(name)?.type ?? 'real';
    const by = isNumeric(type) ? coerceNumber(type, value) : null;
    if (by === null) throw new BacksideError('invalid-data', `${name} is no number to add to`);
    if (by !== 0) sums[name] = by;
  }
  return parts(table, { ...keyColumns(table, row), ...sums }).flatMap(({ path, columns }) =>
    Object.keys(columns)
      .filter((name) => Object.hasOwn(sums, name))
      .map(
        (name): WriteStep => ({
          method: 'set',
          path: [...path, encodeKey(name)],
          value: sum(before?.[name], sums[name] as number),
        }),
      ),
  );
}

function sum(before: Json | undefined, by: number): Json {
  const number = typeof before === 'string' ? coerceNumber('real', before) : null;
  return number === null ? { ...increment(by) } : number + by;
}

export function deleteSteps(table: Table, key: Row): WriteStep[] {
  const paths = [table.levels, table.privateLevels ?? []].filter((levels) => levels.length > 0);
  return paths.map((levels) => ({ method: 'remove', path: pathOf(levels, key) }));
}

interface Part {
  readonly path: Path;
  /** Without those that the path holds. */
  readonly columns: Row;
  readonly stored: { readonly [key: string]: Json };
}

/** What of a row stands where. */
function parts(table: Table, row: Row): Part[] {
  const { levels, privateLevels } = table;
  if (privateLevels === null) return [part(table, { row, path: pathOf(levels, row), includes: () => true })];
  const isPub = (name: string): boolean => table.columns.get(name)?.pub === true;
  return [
    part(table, { row, path: pathOf(levels, row), includes: isPub }),
    part(table, { row, path: pathOf(privateLevels, row), includes: (name) => !isPub(name) }),
  ];
}

interface Place {
  readonly row: Row;
  readonly path: Path;
  readonly includes: (name: string) => boolean;
}

function part(table: Table, { row, path, includes }: Place): Part {
  const columns = newRow();
  for (const [name, value] of Object.entries(row)) {
    if (!table.inPath.has(name) && includes(name)) columns[name] = value;
  }
  return { path, columns, stored: toStored(columns) as { [key: string]: Json } };
}
