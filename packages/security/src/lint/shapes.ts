import { type Binary, type Call, childrenOf, type Expression } from '../ast.js';

/** The expression and all below it, outer ones first. */
export function* partsOf(expression: Expression): Generator<Expression> {
  const waiting: Expression[] = [expression];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    yield part;
    waiting.push(...[...childrenOf(part)].reverse());
  }
}

export function isVariable(expression: Expression, name: string): boolean {
  return expression.kind === 'variable' && expression.name === name;
}

export function mentions(expression: Expression, name: string): boolean {
  for (const part of partsOf(expression)) if (isVariable(part, name)) return true;
  return false;
}

/** `auth`, `auth.uid`, `auth.token.email` … */
export function isOfAuth(expression: Expression): boolean {
  let at = expression;
  while (at.kind === 'member' || at.kind === 'index') at = at.object;
  return isVariable(at, 'auth');
}

/** `auth.uid`, or the same with brackets. */
export function isUid(expression: Expression): boolean {
  return expression.kind === 'member' && expression.name === 'uid' && isVariable(expression.object, 'auth');
}

/** A call of the method on anything, or on the variable `on` itself. */
export function isCall(expression: Expression, name: string, on?: string): expression is Call {
  if (expression.kind !== 'call' || expression.name !== name) return false;
  return on === undefined || isVariable(expression.object, on);
}

function isNull(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === null;
}

/** The other side of a comparison with null; null if it is none. */
export function comparedWithNull(expression: Expression, operator: Binary['operator']): Expression | null {
  if (expression.kind !== 'binary' || expression.operator !== operator) return null;
  if (isNull(expression.right)) return expression.left;
  return isNull(expression.left) ? expression.right : null;
}

/** `auth != null`, or the same of its uid or its provider. */
export function isSignedInTest(expression: Expression): boolean {
  const tested = comparedWithNull(expression, '!=');
  return tested !== null && isOfAuth(tested) && !mentionsClaims(tested);
}

export function mentionsClaims(expression: Expression): boolean {
  for (const part of partsOf(expression)) {
    if (part.kind === 'member' && part.name === 'token' && isVariable(part.object, 'auth')) return true;
  }
  return false;
}

/** Whether it is tested anywhere if somebody is signed in. */
export function testsSignedIn(expression: Expression): boolean {
  for (const part of partsOf(expression)) {
    const tested = comparedWithNull(part, '!=') ?? comparedWithNull(part, '==');
    if (tested !== null && isOfAuth(tested)) return true;
  }
  return false;
}

/** `a && b && c` as its parts; anything else is its own only part. */
export function conjunctsOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'logical' && expression.operator === '&&'
    ? expression.operands.flatMap(conjunctsOf)
    : [expression];
}
