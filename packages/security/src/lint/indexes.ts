import type { Expression } from '../ast.js';
import { nodesBelow } from '../rule-walk.js';
import type { Finding, Site } from './finding.js';
import { isVariable, partsOf } from './shapes.js';

/** A rule that asks for a query by a child that has no index. */
export function* missingIndex({ rule, node }: Site): Generator<Finding> {
  if (rule.kind !== 'read' || rule.expression === null) return;
  const indexed = new Set([...nodesBelow(node)].flatMap(({ indexOn }) => indexOn));
  for (const part of partsOf(rule.expression)) {
    const child = part.kind === 'binary' && part.operator === '==' ? orderedChild(part) : null;
    if (child === null || indexed.has(child)) continue;
    yield {
      code: 'missing-index',
      message: `the rule asks for queries by ${JSON.stringify(child)}, for which there is no index`,
      hint: `write ".indexOn": ${JSON.stringify(child)} beside it`,
      part,
    };
  }
}

/** The child of `query.orderByChild == 'child'`. */
function orderedChild({ left, right }: { left: Expression; right: Expression }): string | null {
  const [member, literal] = left.kind === 'literal' ? [right, left] : [left, right];
  if (member.kind !== 'member' || member.name !== 'orderByChild' || !isVariable(member.object, 'query')) return null;
  return literal.kind === 'literal' && typeof literal.value === 'string' ? literal.value : null;
}
