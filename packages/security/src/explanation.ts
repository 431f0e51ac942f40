/** Why an operation was allowed or refused: each rule that was evaluated, in order. The last one decided. */
export interface Explanation {
  readonly allowed: boolean;
  readonly operation: 'read' | 'write';
  readonly path: string;
  readonly steps: readonly RuleStep[];
}

export interface RuleStep {
  readonly kind: 'read' | 'write' | 'validate';
  /** For example `/rooms/$room/.read`. */
  readonly rulePath: string;
  /** The path of the data that the rule was evaluated at. */
  readonly location: string;
  /** Of the rule's value in the file; both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The expression, or `true` or `false`. */
  readonly source: string;
  readonly outcome: 'true' | 'false' | 'error';
  /** What went wrong where the outcome is `error`. */
  readonly error: string | null;
  /** What each `$name` stands for. */
  readonly bindings: Readonly<Record<string, string>>;
  /** The sub-expressions that were evaluated, inner ones first. */
  readonly values: readonly SubValue[];
}

export interface SubValue {
  readonly text: string;
  /** In the decoded expression. */
  readonly offset: number;
  /** JSON, shortened to 200 characters; `(node with children)`, `(error)` or `→ /path` for what JSON cannot say. */
  readonly value: string;
}
