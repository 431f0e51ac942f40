import type { RulesSource } from '@backside/api';
import { Coverage, type CoverageReport, type Observer } from '@backside/security';

/** Of each period, how many expressions are watched: all of a little traffic, and of much a sample that costs little. */
const PERIOD_MS = 1_000;
const EXPRESSIONS_PER_PERIOD = 5_000;

/** Which expressions of the rules in force live traffic has made true or false. */
export interface LiveCoverage {
  report(): CoverageReport;
  stop(): void;
}

/** Watches evaluations. New rules begin anew. */
export function watchCoverage(source: RulesSource): LiveCoverage {
  let coverage = new Coverage();
  const renew = (): void => {
    coverage = new Coverage();
    coverage.include(source.current);
    begin();
  };
  const begin = (): void => {
    const rules = source.current;
    rules.observe(firstOf(coverage, EXPRESSIONS_PER_PERIOD, () => rules.observe(null)));
  };
  renew();
  const timer = setInterval(begin, PERIOD_MS).unref();
  const forget = source.onChange(renew);
  return {
    report: () => coverage.report(),
    stop: () => {
      forget();
      clearInterval(timer);
      source.current.observe(null);
    },
  };
}

/** Tells `coverage` of so many evaluations, then has `enough` called once the present one is over. */
function firstOf(coverage: Coverage, count: number, enough: () => void): Observer {
  let left = count;
  return {
    evaluated: (rule, expression, outcome) => {
      coverage.evaluated(rule, expression, outcome);
      left -= 1;
      if (left === 0) queueMicrotask(enough);
    },
  };
}
