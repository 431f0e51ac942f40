import type { Json } from '@backside/tree';
import { type Condition, passes } from './condition.js';
import { rowFrom } from './row-json.js';
import { MAX_ANSWER_CHARACTERS, sizeOf } from './row-size.js';
import type { RowStore } from './row-store.js';
import { pathOf, type Row, type Table } from './table.js';
import { positionOf, type Standing, toPosition, walk } from './walk.js';

/** Rows that one page looks at; then it ends, and its token goes on. */
const MAX_LOOKED_AT = 10_000;

/** Rows after which others have their turn. */
const TURN = 500;

export interface Selection {
  readonly store: RowStore;
  readonly table: Table;
  readonly conditions: readonly Condition[];
  /** Rows of the page; 0 for as many as one page can have. */
  readonly count: number;
  /** From 1; 0 is 1. Pages before are walked over. */
  readonly page: number;
  /** What `next` of the page before was; anything else begins at the beginning. */
  readonly start: Json;
  /** A column to order by; empty for the key. Such a page takes all rows that pass, up to a bound, and orders them. */
  readonly sort: string;
  readonly descending: boolean;
}

export interface Page {
  readonly rows: readonly Row[];
  /** Where the next page begins; null if nothing is left. It may turn out to be empty. */
  readonly next: Json;
}

/** One page of the rows that pass all conditions. */
export async function selectPage(selection: Selection): Promise<Page> {
  return selection.sort === '' ? pageByKey(selection) : pageByColumn(selection);
}

/** How many rows pass all conditions. */
export async function countRows(selection: Pick<Selection, 'store' | 'table' | 'conditions'>): Promise<number> {
  let count = 0;
  for await (const { row } of looked({ ...selection, after: null, descending: false })) if (row !== null) count += 1;
  return count;
}

interface Look extends Pick<Selection, 'store' | 'table' | 'conditions' | 'descending'> {
  readonly after: readonly string[] | null;
}

/** Every row that the walk comes to: null where a condition fails. Lets others have their turn in between. */
async function* looked(look: Look): AsyncGenerator<{ readonly standing: Standing; readonly row: Row | null }> {
  let steps = 0;
  for (const standing of walk(look)) {
    steps += 1;
    if (steps % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const row = standingRow(look, standing);
    yield { standing, row: passes(row, look.conditions) ? row : null };
  }
}

function standingRow({ store, table }: Pick<Look, 'store' | 'table'>, { path, value }: Standing): Row {
  const row = rowFrom(table, path, value);
  if (table.privateLevels === null) return row;
  return rowFrom(table, path, value, store.read(pathOf(table.privateLevels, row)));
}

async function pageByKey(selection: Selection): Promise<Page> {
  const { table, count } = selection;
  const rows: Row[] = [];
  let skip = count * Math.max(0, selection.page - 1);
  let lookedAt = 0;
  let size = 0;
  for await (const { standing, row } of looked({ ...selection, after: toPosition(table, selection.start) })) {
    lookedAt += 1;
    if (row !== null && skip > 0) skip -= 1;
    else if (row !== null) {
      rows.push(row);
      size += sizeOf(row);
    }
    const isFull = (rows.length > 0 && rows.length === count) || size >= MAX_ANSWER_CHARACTERS;
    if (isFull || lookedAt === MAX_LOOKED_AT) return { rows, next: [...positionOf(table, standing.path)] };
  }
  return { rows, next: null };
}

async function pageByColumn(selection: Selection): Promise<Page> {
  const { sort, count, descending } = selection;
  const rows: Row[] = [];
  let size = 0;
  for await (const { row } of looked({ ...selection, descending: false, after: null })) {
    if (row === null) continue;
    rows.push(row);
    size += sizeOf(row);
    if (rows.length === MAX_LOOKED_AT || size >= MAX_ANSWER_CHARACTERS) break;
  }
  const direction = descending ? -1 : 1;
  rows.sort((a, b) => direction * compareCells(a[sort] ?? null, b[sort] ?? null));
  const offset = typeof selection.start === 'number' ? selection.start : count * Math.max(0, selection.page - 1);
  const end = count === 0 ? rows.length : offset + count;
  return { rows: rows.slice(offset, end), next: end < rows.length ? end : null };
}

/** Absence first, then numbers and booleans, then texts. */
function compareCells(a: Json, b: Json): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  const byKind = Number(typeof a === 'string') - Number(typeof b === 'string');
  return byKind || Number(a) - Number(b);
}
