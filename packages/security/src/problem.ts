/** Something wrong, or doubtful, in a rules file. */
export interface RulesProblem {
  readonly severity: 'error' | 'warning';
  /** Stable and machine readable, for example `duplicate-key`, `type`, `unknown-variable`. */
  readonly code: string;
  readonly message: string;
  /** For example `/rooms/$room/.read`; `/` if the file as a whole is meant. */
  readonly rulePath: string;
  /** In the file; both count from 1, columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** In the decoded expression, from 0; null if the problem is outside of any expression. */
  readonly offset: number | null;
  /** What to write instead. */
  readonly hint: string | null;
}

/** A rules file that cannot be loaded, with everything that is wrong with it. */
export class RulesError extends Error {
  readonly problems: readonly RulesProblem[];

  constructor(problems: readonly RulesProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'RulesError';
    this.problems = problems;
  }
}

/** One line: `3:14 /rooms/$room/.read: message (hint)`. */
export function formatProblem({ line, column, rulePath, message, hint }: RulesProblem): string {
  return `${line}:${column} ${rulePath}: ${message}${hint === null ? '' : ` (${hint})`}`;
}
