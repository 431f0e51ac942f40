import type { Expression } from './ast.js';
import type { Rule } from './rule-node.js';

/** `value` stands for everything that is not a boolean. */
export type Outcome = 'true' | 'false' | 'error' | 'value';

/**
 * Is told each time an expression is evaluated: the whole rule and each sub-expression, inner ones first. Parts that are
 * skipped (behind `&&`, `||`, `?:`) are not reported. A rule that is `true` or `false` as JSON has no expression and reports itself
 * with null.
 */
export interface Observer {
  evaluated(rule: Rule, expression: Expression | null, outcome: Outcome): void;
}
