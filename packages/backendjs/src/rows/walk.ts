import { isValidKey, type Json, type KeyRange, type Path } from '@backside/tree';
import type { Condition } from './condition.js';
import { keyBounds, within } from './key-bounds.js';
import { sizeOf } from './row-size.js';
import type { RowStore } from './row-store.js';
import { type Level, levelKey, newRow, type Row, type Table } from './table.js';

/** Children that are read at once, at first and at most: as many more each time as long as they are small. */
const FIRST_CHUNK = 10;
const CHUNK = 100;
const LARGE_CHUNK_CHARACTERS = 1024 * 1024;

export interface Walk {
  readonly store: RowStore;
  readonly table: Table;
  /** What bounds the walk: conditions on columns of the key. Others are ignored here. */
  readonly conditions: readonly Condition[];
  /** Keys of a row, level by level: the walk goes on behind it. Null for the beginning. */
  readonly after: Position | null;
  readonly descending: boolean;
}

/** The keys of a row at the levels that are made of columns. */
export type Position = readonly string[];

/** A row as it stands in the tree. */
export interface Standing {
  readonly path: Path;
  readonly value: Json;
}

/**
 * The rows of a table in the order of their keys. Levels of which a condition names the key exactly are entered at once, the others
 * are read in chunks behind the position, so that a page costs what it holds, wherever it begins.
 */
export function walk(options: Walk): Generator<Standing> {
  return descend({ ...options, fixed: exactColumns(options.conditions) }, [], options.after);
}

interface Walking extends Walk {
  readonly fixed: Row;
}

function* descend(walking: Walking, path: Path, after: Position | null): Generator<Standing> {
  const { store, table } = walking;
  const level = table.levels[path.length];
  if (level === undefined) {
    const value = store.read(path);
    if (value !== null && after === null) yield { path, value };
    return;
  }
  const exact = exactKey(level, walking.fixed);
  if (exact === null) yield* (path.length === table.levels.length - 1 ? walkRows : walkChildren)(walking, path, after);
  else yield* descend(walking, [...path, exact], typeof level === 'string' ? after : rest(after, exact));
}

/** What of a position applies below the child `key`; a position in the last level applies to the row itself. */
function rest(after: Position | null, key: string): Position | null {
  if (after === null || after[0] !== key) return null;
  return after.length === 1 ? after : after.slice(1);
}

/** The rows of a last level. */
function* walkRows(walking: Walking, path: Path, after: Position | null): Generator<Standing> {
  const bounds = boundsAt(walking, path);
  let last = after?.[0] ?? null;
  for (let limit = FIRST_CHUNK; ; ) {
    const children = walking.store.children(path, { ...behind(bounds, last, walking.descending), limit });
    for (const [key, value] of children) yield { path: [...path, key], value };
    if (children.length < limit) return;
    last = children.at(-1)?.[0] ?? null;
    const size = children.reduce((sum, [, value]) => sum + sizeOf(value), 0);
    limit = size >= LARGE_CHUNK_CHARACTERS ? FIRST_CHUNK : Math.min(2 * limit, CHUNK);
  }
}

/** The rows below all children of an inner level. The first child is entered without being read, where its key is known. */
function* walkChildren(walking: Walking, path: Path, after: Position | null): Generator<Standing> {
  const bounds = boundsAt(walking, path);
  let key = firstKey(bounds, after, walking.descending);
  for (;;) {
    if (key !== null) yield* descend(walking, [...path, key], key === after?.[0] ? after.slice(1) : null);
    const [next] = walking.store.keys(path, { ...behind(bounds, key, walking.descending), limit: 1 });
    if (next === undefined) return;
    key = next;
  }
}

function boundsAt({ table, conditions }: Walking, path: Path): KeyRange {
  return keyBounds(table.levels[path.length] as readonly string[], conditions);
}

/** Where there may be rows before all others, if that can be told without looking. */
function firstKey(bounds: KeyRange, after: Position | null, descending: boolean): string | null {
  const position = after?.[0];
  if (position !== undefined && within(bounds, position)) return position;
  return descending ? null : (bounds.start ?? null);
}

/** The part of the bounds that lies behind a key, in the direction of the walk. */
function behind(bounds: KeyRange, key: string | null, descending: boolean): KeyRange {
  if (key === null || !within(bounds, key)) return { ...bounds, reverse: descending };
  return descending
    ? { ...bounds, end: key, endExclusive: true, reverse: true }
    : { ...bounds, start: key, startExclusive: true };
}

/** The columns that conditions fix to one text or number. */
function exactColumns(conditions: readonly Condition[]): Row {
  const fixed = newRow();
  for (const { column, operator, operand } of conditions) {
    if (operator === 'eq' && (typeof operand === 'string' || typeof operand === 'number')) fixed[column] = operand;
  }
  return fixed;
}

function exactKey(level: Level, fixed: Row): string | null {
  if (typeof level === 'string') return level;
  return level.every((column) => Object.hasOwn(fixed, column)) ? levelKey(level, fixed) : null;
}

/** The position of the row at `path`. */
export function positionOf(table: Table, path: Path): Position {
  return path.filter((_, depth) => typeof table.levels[depth] !== 'string');
}

/** A position that came from outside; null unless it could be one of this table. */
export function toPosition(table: Table, value: Json): Position | null {
  const depth = table.levels.filter((level) => typeof level !== 'string').length;
  if (!Array.isArray(value) || value.length !== depth) return null;
  return value.every((key): key is string => typeof key === 'string' && isValidKey(key)) ? value : null;
}
