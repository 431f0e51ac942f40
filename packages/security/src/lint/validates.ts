import type { Call, Expression } from '../ast.js';
import type { RuleNode } from '../rule-node.js';
import { rulesBelow } from '../rule-walk.js';
import type { Finding, Site } from './finding.js';
import { comparedWithNull, conjunctsOf, isCall, isVariable, mentions, partsOf } from './shapes.js';

/** A `.validate` that never fails, unless it only names an allowed key beside a wildcard that allows none. */
export function* idleValidate({ rule, node, above }: Site): Generator<Finding> {
  if (rule.kind !== 'validate' || rule.constant !== true) return;
  if (above.at(-1)?.wildcard?.validate?.constant === false && node !== above.at(-1)?.wildcard) return;
  yield {
    code: 'idle-validate',
    message: 'this .validate never fails',
    hint: 'remove it, or say what newData must be',
  };
}

/** A test whether the validated node itself exists: a `.validate` is not evaluated when its node is deleted. */
export function* validateOfAbsence({ rule }: Site): Generator<Finding> {
  if (rule.kind !== 'validate' || rule.expression === null) return;
  for (const part of partsOf(rule.expression)) {
    if (!isExistenceOfNewData(part)) continue;
    yield {
      code: 'validate-of-absence',
      message: 'always known: a .validate is evaluated only where newData exists',
      hint: "to demand a child, write newData.hasChildren(['name']) in the .validate above it; to refuse deletes, write newData.exists() in .write",
      part,
    };
  }
}

function isExistenceOfNewData(expression: Expression): boolean {
  if (isCall(expression, 'exists', 'newData')) return true;
  const tested = comparedWithNull(expression, '==') ?? comparedWithNull(expression, '!=');
  return tested !== null && isCall(tested, 'val', 'newData');
}

const TYPE_TESTS: ReadonlySet<string> = new Set(['isString', 'isNumber', 'isBoolean', 'hasChildren', 'hasChild']);

/** A `.validate` that only looks at what stood there before. */
export function* validateOfOldData({ rule }: Site): Generator<Finding> {
  const { expression } = rule;
  if (rule.kind !== 'validate' || expression === null || mentions(expression, 'newData')) return;
  for (const part of partsOf(expression)) {
    if (part.kind !== 'call' || !TYPE_TESTS.has(part.name) || !isVariable(part.object, 'data')) continue;
    yield {
      code: 'validate-of-old-data',
      message: 'checks what stood here before the write, not what is written',
      hint: `write newData.${part.name}(…)`,
      part,
    };
  }
}

/** A `.validate` that nothing can pass although something below it can be written, or one that contradicts itself. */
export function* deadValidate({ rule, node }: Site): Generator<Finding> {
  if (rule.kind !== 'validate') return;
  if (rule.constant === false && hasRulesBelow(node)) {
    yield {
      code: 'dead-validate',
      message: 'this .validate never passes, so nothing below it can be written either',
      hint: 'remove the rules below it, or say what newData must be',
    };
  }
  if (rule.expression === null) return;
  const contradiction = contradictionIn(conjunctsOf(rule.expression));
  if (contradiction === null) return;
  yield {
    code: 'dead-validate',
    message: 'this .validate never passes: a node cannot be two types at once',
    hint: 'write || between the alternatives',
    part: contradiction,
  };
}

function hasRulesBelow(node: RuleNode): boolean {
  for (const rule of rulesBelow(node)) if (rule !== node.validate && rule.kind !== 'read') return true;
  return false;
}

const EXCLUSIVE: ReadonlySet<string> = new Set(['isString', 'isNumber', 'isBoolean', 'hasChildren']);

/** The second of two type tests of the same variable that exclude each other. */
function contradictionIn(conjuncts: readonly Expression[]): Expression | null {
  const tests = conjuncts.filter((part): part is Call => part.kind === 'call' && EXCLUSIVE.has(part.name));
  const ofNewData = tests.filter(({ object }) => isVariable(object, 'newData'));
  return ofNewData.find(({ name }) => name !== ofNewData[0]?.name) ?? null;
}
