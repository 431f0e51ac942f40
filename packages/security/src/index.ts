export type { Expression } from './ast.js';
export { type CaseOutcome, type RuleCase, type RunOptions, runRuleCases, type Verdict } from './cases.js';
export { compileRules } from './compile-rules.js';
export { Coverage } from './coverage.js';
export {
  type CoverageReport,
  mergeCoverage,
  type OutcomeCounts,
  type PartCoverage,
  type RuleCoverage,
} from './coverage-report.js';
export type { Explanation, RuleStep, SubValue } from './explanation.js';
export { formatCoverage } from './format-coverage.js';
export { formatExplanation } from './format-explanation.js';
export { lintRules } from './lint.js';
export type { Observer, Outcome } from './observer.js';
export { formatProblem, RulesError, type RulesProblem } from './problem.js';
export type { Rule, RuleKind, RuleNode } from './rule-node.js';
export type { AuthValue, Basis, ReadCheck, ReadDecision, RuleIndex, Rules, WriteCheck } from './rules.js';
export { type SimulatedOperation, type Simulation, simulate } from './simulate.js';
