import type { Expression } from './ast.js';
import type { CheckedRule } from './checker.js';
import type { Run } from './frame.js';

/** What the closures of one rule are made from. */
export interface Compilation extends CheckedRule {
  /** How many keys are above the rule. */
  readonly depth: number;
  /** Each wildcard's place in the path. */
  readonly wildcards: ReadonlyMap<string, number>;
  /** The closure of a sub-expression. */
  compile(expression: Expression): Run;
  /** The slot of the path that the expression stands for, if it is a wildcard. */
  slotOf(expression: Expression): number | null;
  /** Whether the closures report to the frame's watcher. */
  readonly watched: boolean;
}
