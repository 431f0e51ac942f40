/** What is wrong with one expression. Never leaves the package: it becomes a `RulesProblem` of the rule. */
export class ExpressionError extends Error {
  readonly code: ExpressionErrorCode;
  /** In the decoded expression. */
  readonly offset: number;
  /** What to write instead. */
  readonly hint: string | null;

  constructor(code: ExpressionErrorCode, message: string, place: { readonly offset: number; readonly hint?: string }) {
    super(message);
    this.name = 'ExpressionError';
    this.code = code;
    this.offset = place.offset;
    this.hint = place.hint ?? null;
  }
}

export type ExpressionErrorCode =
  | 'syntax'
  | 'too-deep'
  | 'too-large'
  | 'type'
  | 'unknown-variable'
  | 'unknown-member'
  | 'arguments'
  | 'regex';
