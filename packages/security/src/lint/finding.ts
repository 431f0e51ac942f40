import type { Expression } from '../ast.js';
import type { RulesProblem } from '../problem.js';
import type { Rule, RuleNode } from '../rule-node.js';

/** A rule in its place. */
export interface Site {
  readonly rule: Rule;
  readonly node: RuleNode;
  /** The nodes above, the root first. */
  readonly above: readonly RuleNode[];
}

/** Something doubtful about a rule. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** What exactly; left out if the rule as a whole is meant. */
  readonly part?: Expression;
}

/** One kind of doubt. */
export type Lint = (site: Site) => Iterable<Finding>;

export function problemOf({ rule }: Site, { code, message, hint, part }: Finding): RulesProblem {
  const { line, column } = part === undefined ? rule : rule.positionOf(part.start);
  const offset = part === undefined ? null : part.start;
  return { severity: 'warning', code, message, rulePath: rule.rulePath, line, column, offset, hint };
}
