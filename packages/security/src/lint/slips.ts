import type { Binary, Expression } from '../ast.js';
import { parseRegex } from '../regex/regex-parser.js';
import type { Rule } from '../rule-node.js';
import type { Finding, Site } from './finding.js';
import { isCall, isOfAuth, isUid, mentions, partsOf, testsSignedIn } from './shapes.js';

/** The name of a wildcard inside quotes, where it is only text. */
export function* quotedWildcard({ rule, node }: Site): Generator<Finding> {
  const wildcards = node.pattern.filter((key) => key.startsWith('$'));
  for (const part of partsIn(rule)) {
    if (part.kind !== 'literal' || typeof part.value !== 'string') continue;
    const text = part.value;
    const name = wildcards.find((wildcard) => text.split('/').includes(wildcard));
    if (name === undefined) continue;
    const whole = text === name;
    yield {
      code: 'quoted-wildcard',
      message: `${name} in quotes is text, not the key that it stands for`,
      hint: whole ? `write ${name} without quotes` : `write child(${name}) for that part of the path`,
      part,
    };
  }
}

/** `/^a|b$/`, where other dialects bind each anchor to one alternative only. */
export function* looseAnchors({ rule }: Site): Generator<Finding> {
  for (const part of partsIn(rule)) {
    if (part.kind !== 'regex') continue;
    const { anchoredStart, anchoredEnd, branches } = parseRegex(part.body, { ignoreCase: false });
    if (branches === 1 || !(anchoredStart || anchoredEnd)) continue;
    yield {
      code: 'regex-anchors',
      message: 'here ^ and $ hold for all the alternatives, elsewhere for the first and the last one only',
      hint: 'put the alternatives into a group: /^(a|b)$/',
      part,
    };
  }
}

/** `child('rooms/' + x)` where x is what a client writes: empty, or with slashes, it leads somewhere else. */
export function* pathFromData({ rule }: Site): Generator<Finding> {
  for (const part of partsIn(rule)) {
    if (!isCall(part, 'child') && !isCall(part, 'hasChild')) continue;
    const path = part.args[0];
    if (path?.kind !== 'binary' || path.operator !== '+') continue;
    const free = [...partsOf(path)].find((inner) => isCall(inner, 'val') && mentions(inner, 'newData'));
    if (free === undefined || isPatternTested(rule, free)) continue;
    yield {
      code: 'path-from-data',
      message: 'a client chooses this part of the path: empty, or with slashes in it, it leads to another place',
      hint: 'test it first, for example with .matches(/^[^\\/]+$/)',
      part: free,
    };
  }
}

/** Whether the same value is held against a pattern anywhere in the rule. */
function isPatternTested(rule: Rule, value: Expression): boolean {
  const text = textOf(rule, value);
  for (const part of partsIn(rule)) {
    if (isCall(part, 'matches') && textOf(rule, part.object) === text) return true;
  }
  return false;
}

/** `data.child('owner').val() == auth.uid` without a test of `auth`: both are null where there is neither. */
export function* nullEqualsNull({ rule }: Site): Generator<Finding> {
  const { expression } = rule;
  if (rule.kind === 'validate' || expression === null || testsSignedIn(expression)) return;
  for (const part of partsOf(expression)) {
    if (part.kind !== 'binary' || part.operator !== '==' || !canBothBeNull(part)) continue;
    yield {
      code: 'null-equals-null',
      message: 'true for whoever is not signed in where there is no such data: both sides are null',
      hint: `write auth != null && ${textOf(rule, part)}`,
      part,
    };
  }
}

function canBothBeNull({ left, right }: Binary): boolean {
  return (isOfAuth(left) && isCall(right, 'val')) || (isOfAuth(right) && isCall(left, 'val'));
}

/** `root.child('admins').child(auth.uid).exists() || …`: an error for whoever is not signed in, which denies the other half too. */
export function* errorBeforeOr({ rule }: Site): Generator<Finding> {
  for (const part of partsIn(rule)) {
    if (part.kind !== 'logical' || part.operator !== '||') continue;
    if (rule.expression !== null && testsSignedIn(rule.expression)) return;
    const other = part.operands.at(-1) as Expression;
    if (mentions(other, 'auth')) continue;
    const failing = part.operands
      .slice(0, -1)
      .flatMap((operand) => [...partsOf(operand)])
      .find(failsWithoutAuth);
    if (failing === undefined) continue;
    yield {
      code: 'error-before-or',
      message: 'an error for whoever is not signed in, and an error denies whatever stands after ||',
      hint: 'write auth != null && before it, or put the other alternative first',
      part: failing,
    };
  }
}

/** Whether it goes wrong if `auth` is null. */
function failsWithoutAuth(expression: Expression): boolean {
  if (expression.kind === 'binary' && expression.operator === '+')
    return isUid(expression.left) || isUid(expression.right);
  return (isCall(expression, 'child') || isCall(expression, 'hasChild')) && expression.args.some(isUid);
}

/** An expression that comes out the same whatever it is evaluated with. */
export function* constantRule({ rule }: Site): Generator<Finding> {
  const { expression, constant } = rule;
  if (expression === null || constant === null || expression.kind === 'literal') return;
  yield {
    code: 'constant-rule',
    message: `always ${constant}, whatever the data and whoever asks`,
    hint: `write ${constant}, or mend the expression`,
  };
}

/** `true || …` or `false && …`, as is left behind by trying things out. */
export function* constantPart({ rule }: Site): Generator<Finding> {
  if (rule.constant !== null) return;
  for (const part of partsIn(rule)) {
    if (part.kind !== 'logical') continue;
    const deciding = part.operator === '||';
    const literal = part.operands.find((operand) => operand.kind === 'literal' && operand.value === deciding);
    if (literal === undefined) continue;
    yield {
      code: 'constant-part',
      message: `${deciding} here makes the whole of it ${deciding}`,
      hint: `remove the ${deciding} and the ${part.operator} beside it`,
      part: literal,
    };
  }
}

function* partsIn({ expression }: Rule): Generator<Expression> {
  if (expression !== null) yield* partsOf(expression);
}

function textOf(rule: Rule, { start, end }: Expression): string {
  return rule.source.slice(start, end);
}
