import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { type Column, type ColumnType, isNumeric } from './column.js';
import { decodeKey, encodeKey } from './encode-key.js';

/** A row as endpoints know it: columns by name. Has no prototype, since names come from outside. */
export interface Row {
  [column: string]: Json;
}

/** One step down the tree: always the same key, or one made of columns, joined by `:` if there are several. */
export type Level = string | readonly string[];

/** A legacy table, and where its rows stand in the tree. */
export interface Table {
  readonly name: string;
  /** Columns that the table knows; rows may hold others. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The columns of the key, in order. */
  readonly keys: readonly string[];
  /** From the root down to a row; the last one is made of columns. */
  readonly levels: readonly Level[];
  /** Where the columns stand that are not `pub`, if they stand apart: as many levels made of the same columns. */
  readonly privateLevels: readonly Level[] | null;
  /** Whether rows stand in the main tree, which clients can listen to, or in the one that no client can name. */
  readonly tree: 'main' | 'private';
  /** Columns that only the path holds; those that are joined into one key stand in the row as well, for who listens to it. */
  readonly inPath: ReadonlySet<string>;
  /** Columns that the original keeps joined by `|` in the first of them; null if none. */
  readonly joined: readonly string[] | null;
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column | ColumnType>>;
  readonly levels: readonly Level[];
  readonly privateLevels?: readonly Level[];
  readonly tree?: 'main' | 'private';
  readonly joined?: readonly string[];
}

export function defineTable(definition: TableDefinition): Table {
  const columns = new Map(
    Object.entries(definition.columns).map(([name, column]) => [
      name,
      typeof column === 'string' ? { type: column } : column,
    ]),
  );
  const keys = definition.levels.flatMap((level) => (typeof level === 'string' ? [] : level));
  return {
    name: definition.name,
    columns,
    keys,
    levels: definition.levels,
    privateLevels: definition.privateLevels ?? null,
    tree: definition.tree ?? 'main',
    joined: definition.joined ?? null,
    inPath: new Set(
      definition.levels.flatMap((level) => (typeof level !== 'string' && level.length === 1 ? level : [])),
    ),
  };
}

export function newRow(columns: Readonly<Record<string, Json>> = {}): Row {
  return Object.assign(Object.create(null) as Row, columns);
}

/** Where the row with this key stands. Throws `invalid-data` if a column of the key is missing. */
export function pathOf(levels: readonly Level[], key: Row): Path {
  return levels.map((level) => (typeof level === 'string' ? level : levelKey(level, key)));
}

/** The key of a level for these columns. */
export function levelKey(level: readonly string[], key: Row): string {
  return level.map((column) => encodeKey(keyText(column, key[column]))).join(':');
}

function keyText(column: string, value: Json | undefined): string {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw new BacksideError('invalid-data', `${column} is required`);
}

/** The columns that the keys of a path hold. */
export function keyOf(table: Table, path: Path): Row {
  const row = newRow();
  table.levels.forEach((level, depth) => {
    if (typeof level === 'string') return;
    splitKey(path[depth] as string, level.length).forEach((part, i) => {
      const name = level[i] as string;
      row[name] = keyValue(table.columns.get(name), part);
    });
  });
  return row;
}

/** The last column of a joined key takes all that is left, as ids may hold colons and times do not. */
function splitKey(key: string, parts: number): string[] {
  const pieces = key.split(':');
  const texts = [...pieces.slice(0, parts - 1), pieces.slice(parts - 1).join(':')];
  return texts.map(decodeKey);
}

/** Numbers as numbers, unless they are written in another way than this server does. */
function keyValue(column: Column | undefined, text: string): Json {
  if (column === undefined || !isNumeric(column.type)) return text;
  return String(Number(text)) === text ? Number(text) : text;
}

/** The columns of a row's key. */
export function keyColumns(table: Table, row: Row): Row {
  const key = newRow();
  for (const name of table.keys) key[name] = row[name] ?? null;
  return key;
}
