/** How often an expression came out which way. */
export interface OutcomeCounts {
  readonly true: number;
  readonly false: number;
  readonly error: number;
}

/** What was seen of every rule, as plain JSON. */
export interface CoverageReport {
  readonly rules: readonly RuleCoverage[];
}

export interface RuleCoverage {
  /** For example `/rooms/$room/.read`. */
  readonly rulePath: string;
  readonly line: number;
  readonly column: number;
  readonly source: string;
  readonly counts: OutcomeCounts;
  /** The boolean sub-expressions that are not constants, in the order of the text, outer ones first. */
  readonly parts: readonly PartCoverage[];
}

export interface PartCoverage {
  /** In the decoded expression. */
  readonly offset: number;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly counts: OutcomeCounts;
}

/**
 * Both reports as one, for the same rules seen by several processes. Rules are the same if their path and their text are; places
 * are taken from `first`.
 */
export function mergeCoverage(first: CoverageReport, second: CoverageReport): CoverageReport {
  const merged = new Map<string, RuleCoverage>();
  for (const rule of [...first.rules, ...second.rules]) {
    const key = JSON.stringify([rule.rulePath, rule.source]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? rule : mergeRules(known, rule));
  }
  return { rules: [...merged.values()] };
}

function mergeRules(first: RuleCoverage, second: RuleCoverage): RuleCoverage {
  const parts = new Map(first.parts.map((part) => [keyOf(part), part]));
  for (const part of second.parts) {
    const known = parts.get(keyOf(part));
    parts.set(keyOf(part), known === undefined ? part : { ...known, counts: addCounts(known.counts, part.counts) });
  }
  return { ...first, counts: addCounts(first.counts, second.counts), parts: [...parts.values()] };
}

function keyOf({ offset, text }: PartCoverage): string {
  return `${offset}:${text.length}`;
}

function addCounts(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  return { true: a.true + b.true, false: a.false + b.false, error: a.error + b.error };
}
