import type { ArithmeticOperator, ComparisonOperator, Expression } from './ast.js';
import { fail, type Run } from './frame.js';
import { failTooLong, MAX_TEXT_LENGTH } from './text-limit.js';
import { ERROR, sameValue, type Value } from './value.js';

interface Equality {
  readonly left: Run;
  readonly right: Run;
  /** The right operand as it is written. */
  readonly literal: Expression;
}

export function compileEquality(operator: '==' | '!=', { left, right, literal }: Equality): Run {
  const wanted = operator === '==';
  if (literal.kind === 'literal') return compileEqualityWith(wanted, left, literal.value);
  return (frame) => {
    const a = left(frame);
    if (a === ERROR) return ERROR;
    const b = right(frame);
    if (b === ERROR) return ERROR;
    return sameValue(a, b) === wanted;
  };
}

function compileEqualityWith(wanted: boolean, left: Run, literal: Value): Run {
  return (frame) => {
    const value = left(frame);
    return value === ERROR ? ERROR : (value === literal) === wanted;
  };
}

type Order = Exclude<ComparisonOperator, '==' | '!='>;

const ORDERS: Readonly<Record<Order, (a: number | string, b: number | string) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** Two numbers or two strings, these by code units. */
export function compileComparison(operator: Order, left: Run, right: Run): Run {
  const compare = ORDERS[operator];
  const message = `${operator} needs two numbers or two strings`;
  return (frame) => {
    const a = left(frame);
    if (a === ERROR) return ERROR;
    const b = right(frame);
    if (b === ERROR) return ERROR;
    if (typeof a === 'number' && typeof b === 'number') return compare(a, b);
    if (typeof a === 'string' && typeof b === 'string') return compare(a, b);
    return fail(frame, message);
  };
}

/** Numbers are added; with a string, both are joined as text. */
export function compileSum(left: Run, right: Run): Run {
  return (frame) => {
    const a = left(frame);
    if (a === ERROR) return ERROR;
    const b = right(frame);
    if (b === ERROR) return ERROR;
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    if (!isText(a) || !isText(b)) return fail(frame, '+ needs numbers or strings');
    const text = `${a}${b}`;
    return text.length > MAX_TEXT_LENGTH ? failTooLong(frame) : text;
  };
}

function isText(value: Value): value is number | string {
  return typeof value === 'string' || typeof value === 'number';
}

type Arithmetic = Exclude<ArithmeticOperator, '+'>;

/** Division by zero, and its remainder, is NaN. */
const ARITHMETIC: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? Number.NaN : a / b),
  '%': (a, b) => a % b,
};

export function compileArithmetic(operator: Arithmetic, left: Run, right: Run): Run {
  const compute = ARITHMETIC[operator];
  const message = `${operator} needs two numbers`;
  return (frame) => {
    const a = left(frame);
    if (a === ERROR) return ERROR;
    const b = right(frame);
    if (b === ERROR) return ERROR;
    return typeof a === 'number' && typeof b === 'number' ? compute(a, b) : fail(frame, message);
  };
}

export function compileNegation(operand: Run): Run {
  return (frame) => {
    const value = operand(frame);
    if (typeof value === 'number') return -value;
    return value === ERROR ? ERROR : fail(frame, 'the sign - needs a number');
  };
}
