import type { Expression } from './ast.js';
import type { StaticType } from './static-type.js';

export type RuleKind = 'read' | 'write' | 'validate';

/** One `.read`, `.write` or `.validate`. */
export interface Rule {
  readonly kind: RuleKind;
  /** For example `/rooms/$room/.read`. */
  readonly rulePath: string;
  /** How many keys are above it: the depth of the data that it is evaluated at. */
  readonly depth: number;
  /** The decoded expression; `true` or `false` for a JSON boolean. */
  readonly source: string;
  /** null for a JSON boolean. */
  readonly expression: Expression | null;
  /** The static type of each sub-expression. */
  readonly types: ReadonlyMap<Expression, StaticType>;
  /** What the rule always is, if that does not depend on anything; an error counts as false. Null if it depends. */
  readonly constant: boolean | null;
  /** Of the value in the file; both count from 1. */
  readonly line: number;
  readonly column: number;
  /** Where a character of the expression is in the file. */
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

/** One place in the rule tree. */
export interface RuleNode {
  /** Keys from the root; wildcards with their dollar sign. */
  readonly pattern: readonly string[];
  readonly literals: ReadonlyMap<string, RuleNode>;
  /** Matches what no literal does. */
  readonly wildcard: RuleNode | null;
  readonly read: Rule | null;
  readonly write: Rule | null;
  readonly validate: Rule | null;
  /** The entries of `.indexOn`. */
  readonly indexOn: readonly string[];
  /** Whether there is a `.validate` anywhere below, this node's own not counted. */
  readonly validatesBelow: boolean;
  /** Of the node's key in the file; both count from 1. */
  readonly line: number;
  readonly column: number;
}
