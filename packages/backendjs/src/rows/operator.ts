import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { toBool, toList, toText } from '../http/coercion.js';
import { coerceNumber } from './coerce.js';
import { compilePattern } from './pattern.js';

export type Operator =
  | 'eq'
  | 'ne'
  | 'gt'
  | 'ge'
  | 'lt'
  | 'le'
  | 'in'
  | 'between'
  | 'regexp'
  | 'iregexp'
  | 'begins_with'
  | 'ibegins_with'
  | 'icontains'
  | 'null'
  | 'not_null';

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['=', 'eq'],
  ['eq', 'eq'],
  ['!=', 'ne'],
  ['<>', 'ne'],
  ['ne', 'ne'],
  ['>', 'gt'],
  ['gt', 'gt'],
  ['<', 'lt'],
  ['lt', 'lt'],
  ['>=', 'ge'],
  ['ge', 'ge'],
  ['<=', 'le'],
  ['le', 'le'],
  ['in', 'in'],
  ['between', 'between'],
  ['regexp', 'regexp'],
  ['iregexp', 'iregexp'],
  ['begins_with', 'begins_with'],
  ['like%', 'begins_with'],
  ['ilike%', 'ibegins_with'],
  ['null', 'null'],
  ['not null', 'not_null'],
]);

/** The operator that a client's word names. Throws `invalid-data` for any other word. */
export function operatorOf(word: string): Operator {
  const operator = OPERATORS.get(word.trim().toLowerCase());
  if (operator === undefined) throw new BacksideError('invalid-data', 'unknown operator in _ops');
  return operator;
}

/** Whether the operator needs no value. */
export function standsAlone(operator: Operator): boolean {
  return operator === 'null' || operator === 'not_null';
}

/** Whether a row's value passes. Absence (null) passes `ne` and `null` only. */
export type Test = (value: Json) => boolean;

/** How values are compared: by the code units of their text, as numbers, or by whether they are true, as `1` and `true` are. */
export type Comparing = 'text' | 'number' | 'truth';

/** The test that `operator` with this parameter is. */
export function testOf(operator: Operator, operand: Json, as: Comparing): Test {
  if (operator === 'null') return (value) => value === null;
  if (operator === 'not_null') return (value) => value !== null;
  if (operator === 'ne') return not(comparison('eq', operand, as));
  const test = comparison(operator, operand, as);
  return (value) => value !== null && test(value);
}

function not(test: Test): Test {
  return (value) => value === null || !test(value);
}

function comparison(operator: Operator, operand: Json, as: Comparing): Test {
  switch (operator) {
    case 'in': {
      const tests = toList(operand).map((item) => comparison('eq', item, as));
      return (value) => tests.some((test) => test(value));
    }
    case 'between': {
      const [from = null, to = null] = toList(operand);
      const [above, below] = [comparison('ge', from, as), comparison('le', to, as)];
      return (value) => above(value) && below(value);
    }
    case 'regexp':
    case 'iregexp': {
      const matches = compilePattern(toText(operand), { ignoreCase: operator === 'iregexp' });
      return (value) => matches(toText(value));
    }
    case 'begins_with':
      return (value) => toText(value).startsWith(toText(operand));
    case 'ibegins_with': {
      const start = toText(operand).toLowerCase();
      return (value) => toText(value).toLowerCase().startsWith(start);
    }
    case 'icontains': {
      const part = toText(operand).toLowerCase();
      return (value) => toText(value).toLowerCase().includes(part);
    }
    default:
      return ordered(operator, operand, as);
  }
}

function ordered(operator: Operator, operand: Json, as: Comparing): Test {
  const accepts = SIGNS[operator as keyof typeof SIGNS];
  if (as === 'truth') {
    const truth = Number(toBool(operand));
    return (value) => accepts(Number(toBool(value)) - truth);
  }
  if (as === 'text') {
    const text = toText(operand);
    return (value) => accepts(compare(toText(value), text));
  }
  const number = coerceNumber('real', operand);
  return (value) => {
    const own = coerceNumber('real', value);
    return own !== null && number !== null && accepts(own - number);
  };
}

const SIGNS = {
  eq: (sign: number): boolean => sign === 0,
  gt: (sign: number): boolean => sign > 0,
  ge: (sign: number): boolean => sign >= 0,
  lt: (sign: number): boolean => sign < 0,
  le: (sign: number): boolean => sign <= 0,
};

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
