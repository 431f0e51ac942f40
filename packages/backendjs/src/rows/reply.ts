import type { Json } from '@backside/tree';
import type { LegacyCall } from '../endpoint.js';
import { LegacyAnswer } from '../http/answer.js';
import { MAX_COUNT } from '../http/control.js';
import { type Condition, conditionsOf, equals } from './condition.js';
import type { Rows } from './rows.js';
import type { Page } from './select.js';
import type { Row, Table } from './table.js';
import { chosenColumns, type Viewer, visibleRow } from './visibility.js';

/** Who asks, as rows see it. */
export function viewerOf({ account }: LegacyCall): Viewer {
  return { id: account?.id ?? null, isAdmin: account?.isAdmin ?? false };
}

/** What a select is made of, besides the request's parameters. */
export interface SelectOptions {
  readonly rows: Rows;
  readonly table: Table;
  /** Columns that the caller cannot choose; parameters of these names are not heard. */
  readonly fixed?: Readonly<Record<string, Json>>;
  /** Parameters that are no columns. */
  readonly ignored?: readonly string[];
  /** Whether a select without any condition returns all rows. Default false: it returns none. */
  readonly scans?: boolean;
  /** Conditions beside those of the parameters. */
  readonly more?: readonly Condition[];
  /** What becomes of a row before it is answered. Default: what the caller may see of it. */
  readonly present?: (row: Row) => Row;
  /** Operators of columns for which the request names none. */
  readonly ops?: ReadonlyMap<string, string>;
}

/** The filter that a request asks for. */
export function requestConditions(call: LegacyCall, options: SelectOptions): Condition[] {
  const { table, fixed = {}, ignored = [], more = [], ops = new Map() } = options;
  const columns = call.params.columns();
  for (const name of [...Object.keys(fixed), ...ignored]) columns.delete(name);
  return [
    ...Object.entries(fixed).map(([name, value]) => equals(table, name, value)),
    ...conditionsOf(table, columns, new Map([...ops, ...call.control.ops])),
    ...more,
  ];
}

/** The page of rows that a request asks for; null where it names no condition and may not scan. */
export async function requestPage(call: LegacyCall, options: SelectOptions): Promise<Page | null> {
  const conditions = requestConditions(call, options);
  if (conditions.length === 0 && options.scans !== true) return null;
  const { count, page, start, sort, desc } = call.control;
  return options.rows.page(options.table, {
    conditions,
    count: count === 0 ? MAX_COUNT : count,
    page,
    start: call.context.nextTokens.decode(start, call.account?.credential ?? null),
    sort: options.table.keys.includes(sort) ? '' : sort,
    descending: desc,
  });
}

/** `{count, data, next_token}` of the rows that the request asks for, or with `_total` only `{count}`. */
export async function selectReply(call: LegacyCall, options: SelectOptions): Promise<LegacyAnswer | Json> {
  if (call.control.total) {
    const conditions = requestConditions(call, options);
    const scans = conditions.length > 0 || options.scans === true;
    return { count: scans ? await options.rows.count(options.table, conditions) : 0 };
  }
  const page = await requestPage(call, options);
  return page === null ? LegacyAnswer.rows([], null) : rowsReply(call, page, options);
}

/** Rows as the caller may see them, and only the columns asked for. */
export function rowsReply(
  call: LegacyCall,
  page: Page,
  options: Pick<SelectOptions, 'table' | 'present'>,
): LegacyAnswer {
  const viewer = viewerOf(call);
  const present = options.present ?? ((row: Row) => visibleRow(options.table, row, viewer));
  return LegacyAnswer.rows(
    page.rows.map((row) => chosenColumns(present(row), call.control.select)),
    page.next,
  );
}
