import type { CoverageReport, OutcomeCounts, PartCoverage, RuleCoverage } from './coverage-report.js';

/**
 * The report for people: each rule with what it came to, below it the sub-expressions that were never true or never false, at last
 * a line of sums. Ends without a line end.
 */
export function formatCoverage({ rules }: CoverageReport): string {
  return [...rules.flatMap(formatRule), '', summaryOf(rules)].join('\n');
}

function formatRule(rule: RuleCoverage): string[] {
  const { rulePath, line, column, counts, parts } = rule;
  const head = `${rulePath} (${line}:${column}): ${formatCounts(counts)}${missing(counts)}`;
  return totalOf(counts) === 0 ? [head] : [head, ...parts.filter(isPartial).map(formatPart)];
}

function formatPart({ line, column, text, counts }: PartCoverage): string {
  const source = text.replaceAll(/\s+/g, ' ');
  return `  ${line}:${column} ${source}: ${formatCounts(counts)}${missing(counts)}`;
}

function formatCounts(counts: OutcomeCounts): string {
  if (totalOf(counts) === 0) return 'never evaluated';
  const errors = counts.error === 0 ? '' : `, error ${counts.error}`;
  return `true ${counts.true}, false ${counts.false}${errors}`;
}

function missing(counts: OutcomeCounts): string {
  if (totalOf(counts) === 0) return '';
  if (counts.true === 0) return ' - never true';
  return counts.false === 0 ? ' - never false' : '';
}

function summaryOf(rules: readonly RuleCoverage[]): string {
  const evaluated = rules.filter(({ counts }) => totalOf(counts) > 0).length;
  const expressions = rules.flatMap(({ counts, parts }) => [counts, ...parts.map((part) => part.counts)]);
  const neverTrue = expressions.filter((counts) => counts.true === 0).length;
  const neverFalse = expressions.filter((counts) => counts.false === 0).length;
  return `${evaluated} of ${rules.length} rules were evaluated; of ${expressions.length} expressions, ${neverTrue} were never true and ${neverFalse} never false`;
}

function isPartial({ counts }: PartCoverage): boolean {
  return counts.true === 0 || counts.false === 0;
}

function totalOf(counts: OutcomeCounts): number {
  return counts.true + counts.false + counts.error;
}
