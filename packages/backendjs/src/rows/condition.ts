import type { Json } from '@backside/tree';
import { type ColumnType, isColumnName, isNumeric } from './column.js';
import { type Comparing, type Operator, operatorOf, standsAlone, type Test, testOf } from './operator.js';
import type { Row, Table } from './table.js';

/** One column of a select's filter. */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  readonly operand: Json;
  readonly test: Test;
}

/**
 * The filter that parameters are: all conditions must hold. Empty parameters and those that are no columns are none. A column's
 * own default operator, then equality, stands where `ops` names none. Throws `invalid-data` for an unknown operator or a bad pattern.
 */
export function conditionsOf(
  table: Table,
  columns: ReadonlyMap<string, Json>,
  ops: ReadonlyMap<string, string>,
): Condition[] {
  const conditions: Condition[] = [];
  for (const [column, operand] of columns) {
    if (!isColumnName(column) || operand === '' || operand === null) continue;
    const word = ops.get(column) ?? table.columns.get(column)?.ops ?? '=';
    conditions.push(condition(table, { column, operator: operatorOf(word), operand }));
  }
  for (const [column, word] of ops) {
    const operator = operatorOf(word);
    if (standsAlone(operator) && !columns.has(column)) {
      conditions.push(condition(table, { column, operator, operand: null }));
    }
  }
  return conditions;
}

/** That a column is exactly this. */
export function equals(table: Table, column: string, operand: Json): Condition {
  return condition(table, { column, operator: 'eq', operand });
}

/** One condition that no parameter says. */
export function condition(table: Table, parts: Omit<Condition, 'test'>): Condition {
  const type = table.columns.get(parts.column)?.type ?? (typeof parts.operand === 'number' ? 'real' : 'text');
  return { ...parts, test: testOf(parts.operator, parts.operand, comparingOf(type)) };
}

function comparingOf(type: ColumnType): Comparing {
  if (type === 'bool') return 'truth';
  return isNumeric(type) ? 'number' : 'text';
}

export function passes(row: Row, conditions: readonly Condition[]): boolean {
  return conditions.every(({ column, test }) => test(row[column] ?? null));
}
