import type { Expression } from '@backside/security';
import { baseOf, type LeafTypes } from './facts.js';

/** The keys from the rule's own place to that of a snapshot, such as `a/b` for `newData.child('a/b')`; null if they are not known. */
export function placeOf(expression: Expression, variable: 'data' | 'newData'): string | null {
  if (expression.kind === 'variable') return expression.name === variable ? '' : null;
  if (expression.kind !== 'call' || expression.name !== 'child') return null;
  const above = placeOf(expression.object, variable);
  const [argument] = expression.args;
  if (above === null || argument?.kind !== 'literal' || typeof argument.value !== 'string') return null;
  const keys = argument.value.split('/').filter((key) => key !== '');
  return [above, ...keys].filter((key) => key !== '').join('/');
}

/** The place whose value `….val()` is. */
export function valuePlaceOf(expression: Expression, variable: 'data' | 'newData' = 'newData'): string | null {
  return expression.kind === 'call' && expression.name === 'val' ? placeOf(expression.object, variable) : null;
}

const OF_AUTH: ReadonlySet<string> = new Set(['uid', 'provider']);
const NUMERIC: ReadonlySet<string> = new Set(['-', '*', '/', '%']);

/**
 * The types that an expression can have when it is compared with what is written at `place`; null if that is not known. What was there
 * before has the type that is sought.
 */
export function typesOf(expression: Expression, place: string): LeafTypes | null {
  switch (expression.kind) {
    case 'literal':
      return expression.value === null ? null : new Set([JSON.stringify(expression.value)]);
    case 'variable':
      return variableTypes(expression.name);
    case 'member':
      return memberTypes(expression);
    case 'unary':
      return new Set([expression.operator === '!' ? 'boolean' : 'number']);
    case 'binary':
      return NUMERIC.has(expression.operator) ? new Set(['number']) : sumTypes(expression, place);
    case 'ternary':
      return union(typesOf(expression.whenTrue, place), typesOf(expression.whenFalse, place));
    case 'logical':
      return new Set(['boolean']);
    default:
      return valuePlaceOf(expression, 'data') === place ? new Set() : null;
  }
}

function variableTypes(name: string): LeafTypes | null {
  if (name === 'now') return new Set(['number']);
  return name.startsWith('$') ? new Set(['string']) : null;
}

function memberTypes({ object, name }: Extract<Expression, { kind: 'member' }>): LeafTypes | null {
  if (name === 'length') return new Set(['number']);
  return object.kind === 'variable' && object.name === 'auth' && OF_AUTH.has(name) ? new Set(['string']) : null;
}

/** `+` joins as soon as one side is a text; comparisons are true or false. */
function sumTypes(expression: Extract<Expression, { kind: 'binary' }>, place: string): LeafTypes | null {
  if (expression.operator !== '+') return new Set(['boolean']);
  const bases = union(typesOf(expression.left, place), typesOf(expression.right, place));
  if (bases === null) return null;
  return [...bases].some((type) => baseOf(type) === 'string') ? new Set(['string']) : new Set(['number']);
}

function union(one: LeafTypes | null, other: LeafTypes | null): LeafTypes | null {
  return one === null || other === null ? null : new Set([...one, ...other]);
}
