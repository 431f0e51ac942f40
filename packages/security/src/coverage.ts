import { childrenOf, type Expression } from './ast.js';
import { type CoverageReport, mergeCoverage, type PartCoverage, type RuleCoverage } from './coverage-report.js';
import type { Observer, Outcome } from './observer.js';
import type { Rule } from './rule-node.js';
import { rulesBelow } from './rule-walk.js';
import type { Rules } from './rules.js';

interface Counts {
  true: number;
  false: number;
  error: number;
}

interface RuleCounts {
  readonly own: Counts;
  /** Of the boolean sub-expressions that are not constants. */
  readonly parts: ReadonlyMap<Expression, Counts>;
}

/**
 * Counts how the expressions of rules come out: `rules.observe(coverage)`. Rules that it was told to include are in the report
 * even if they are never evaluated.
 */
export class Coverage implements Observer {
  readonly #seen: Map<Rule, RuleCounts> = new Map();
  #merged: CoverageReport = { rules: [] };

  include(rules: Rules): void {
    for (const rule of rulesBelow(rules.root)) this.#countsOf(rule);
  }

  evaluated(rule: Rule, expression: Expression | null, outcome: Outcome): void {
    if (outcome === 'value') return;
    const { own, parts } = this.#countsOf(rule);
    const counts = expression === rule.expression ? own : parts.get(expression as Expression);
    if (counts !== undefined) counts[outcome]++;
  }

  /** Everything counted so far, and what was merged. */
  report(): CoverageReport {
    return mergeCoverage(this.#merged, { rules: [...this.#seen].map(([rule, counts]) => reportOf(rule, counts)) });
  }

  /** Adds what another process, or an earlier one, saw of the same rules. */
  merge(report: CoverageReport): void {
    this.#merged = mergeCoverage(this.#merged, report);
  }

  #countsOf(rule: Rule): RuleCounts {
    let counts = this.#seen.get(rule);
    if (counts === undefined) {
      counts = { own: noCounts(), parts: new Map(partsOf(rule).map((part) => [part, noCounts()])) };
      this.#seen.set(rule, counts);
    }
    return counts;
  }
}

/** Outer expressions first; the rule's whole expression is not one of them. */
function partsOf(rule: Rule): Expression[] {
  const parts: Expression[] = [];
  const waiting = rule.expression === null ? [] : [...childrenOf(rule.expression)].reverse();
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (rule.types.get(part) === 'boolean' && part.kind !== 'literal') parts.push(part);
    waiting.push(...[...childrenOf(part)].reverse());
  }
  return parts;
}

function noCounts(): Counts {
  return { true: 0, false: 0, error: 0 };
}

function reportOf(rule: Rule, { own, parts }: RuleCounts): RuleCoverage {
  const { rulePath, line, column, source } = rule;
  return {
    rulePath,
    line,
    column,
    source,
    counts: { ...own },
    parts: [...parts].map(([part, counts]) => reportOfPart(rule, part, counts)),
  };
}

function reportOfPart(rule: Rule, part: Expression, counts: Counts): PartCoverage {
  const { line, column } = rule.positionOf(part.start);
  return { offset: part.start, text: rule.source.slice(part.start, part.end), line, column, counts: { ...counts } };
}
