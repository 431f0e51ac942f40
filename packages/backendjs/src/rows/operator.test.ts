import type { Json } from '@backside/tree';
import { describe, expect, test } from 'vitest';
import { conditionsOf, passes } from './condition.js';
import { operatorOf } from './operator.js';
import { newRow } from './table.js';
import { ACCOUNTS, CONNECTIONS, MESSAGES } from './tables.js';

const ops = (...pairs: [string, string][]): Map<string, string> => new Map(pairs);

function holds(operator: string, operand: Json, value: Json, column = 'name'): boolean {
  const conditions = conditionsOf(ACCOUNTS, new Map([[column, operand]]), ops([column, operator]));
  return passes(newRow({ [column]: value }), conditions);
}

describe('operators', () => {
  test.each<[string, Json, Json, boolean]>([
    ['=', 'bob', 'bob', true],
    ['!=', 'bob', 'ann', true],
    ['<>', 'bob', 'bob', false],
    ['>', 'b', 'c', true],
    ['gt', 'b', 'b', false],
    ['<', 'b', 'a', true],
    ['ge', 'b', 'b', true],
    ['<=', 'b', 'c', false],
    ['in', 'ann,bob', 'bob', true],
    ['in', 'ann|bob', 'carl', false],
    ['between', 'a,c', 'b', true],
    ['between', 'a,c', 'd', false],
    ['regexp', '^b.b$', 'bob', true],
    ['iregexp', 'BO', 'bob', true],
    ['begins_with', 'bo', 'bob', true],
    ['like%', 'ob', 'bob', false],
    ['ilike%', 'BO', 'bob', true],
    ['not null', 'x', null, false],
  ])('%s %s: %s passes? %s', (operator, operand, value, expected) => {
    expect(holds(operator, operand, value)).toBe(expected);
  });

  test('columns of numbers are compared as numbers', () => {
    expect(holds('gt', '9', 10, 'latitude')).toBe(true);
    expect(holds('between', '9,11', 10, 'latitude')).toBe(true);
    expect(holds('=', 'x', 10, 'latitude')).toBe(false);
  });

  test('absence passes only where it is asked for', () => {
    expect(holds('!=', 'bob', null)).toBe(true);
    expect(holds('<', 'bob', null)).toBe(false);
    expect(holds('null', 'x', null)).toBe(true);
  });

  test('any other word is refused', () => {
    expect(() => operatorOf('constructor')).toThrow('unknown operator');
  });
});

describe('conditions', () => {
  test('empty parameters and those with an underscore are none', () => {
    expect(
      conditionsOf(
        ACCOUNTS,
        new Map([
          ['name', ''],
          ['_count', '3'],
        ]),
        ops(),
      ),
    ).toEqual([]);
  });

  test('a column may bring its operator', () => {
    const [condition] = conditionsOf(CONNECTIONS, new Map([['type', 'li']]), ops());
    expect(condition?.operator).toBe('begins_with');
  });

  test('an operator without value needs no parameter', () => {
    const conditions = conditionsOf(MESSAGES, new Map(), ops(['icon', 'not null'], ['msg', 'gt']));
    expect(conditions.map(({ column }) => column)).toEqual(['icon']);
  });
});
