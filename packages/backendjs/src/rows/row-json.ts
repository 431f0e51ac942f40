import type { Json, Path } from '@backside/tree';
import { decodeKey, encodeKey } from './encode-key.js';
import { keyOf, newRow, type Row, type Table } from './table.js';

/** Columns as the tree holds them: keys encoded at every depth, so that nothing in them means anything to it. */
export function toStored(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(toStored);
  return encodedObject(value);
}

function encodedObject(object: Readonly<Record<string, Json>>): { [key: string]: Json } {
  const stored = newRow();
  for (const [key, value] of Object.entries(object)) if (key !== '') stored[encodeKey(key)] = toStored(value);
  return stored;
}

/** What `toStored` was given, without nulls. Priorities, which clients of the tree may have written, are left out. */
export function fromStored(stored: Json): Json {
  if (stored === null || typeof stored !== 'object') return stored;
  if (Array.isArray(stored)) return stored.map(fromStored);
  if (Object.hasOwn(stored, '.value')) return stored['.value'] ?? null;
  const object = newRow();
  for (const [key, value] of Object.entries(stored))
    if (!key.startsWith('.')) object[decodeKey(key)] = fromStored(value);
  return arrayOf(object) ?? object;
}

/** The items of what was an array: the tree keeps it as a map with decimal keys. */
function arrayOf(object: Readonly<Record<string, Json>>): Json[] | null {
  const keys = Object.keys(object);
  return keys.length > 0 && keys.every((key, i) => key === String(i)) ? Object.values(object) : null;
}

/**
 * The row that stands at `path`; what the path says of the key holds, whatever the row says. A leaf, which only clients of the
 * tree can have put there, is a row without columns.
 */
export function rowFrom(table: Table, path: Path, ...stored: readonly Json[]): Row {
  const row = keyOf(table, path);
  for (const part of stored) {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) continue;
    for (const [name, value] of Object.entries(fromStored(part) as Record<string, Json>)) {
      if (!Object.hasOwn(row, name)) row[name] = listed(table, name, value);
    }
  }
  return row;
}

/** Lists are maps with decimal keys in the tree. */
function listed(table: Table, name: string, value: Json): Json {
  if (table.columns.get(name)?.type !== 'list' || value === null || typeof value !== 'object') return value;
  return Object.values(value);
}
