import { TreeError } from '@backside/tree';
import { compileRules } from './compile-rules.js';
import type { Coverage } from './coverage.js';
import type { Explanation } from './explanation.js';
import { formatExplanation } from './format-explanation.js';
import { RulesError } from './problem.js';
import type { Rules } from './rules.js';
import { type Simulation, simulate } from './simulate.js';

/** What a case may come to. `loaderror`: the rules are refused. */
export type Verdict = 'allow' | 'deny' | 'loaderror';

/** One test of rules, as JSON. */
export interface RuleCase extends Simulation {
  readonly name: string;
  /** The whole document, as an object or as the text of a file. Left out: the rules that the run is given. */
  readonly rules?: unknown;
  readonly expect: Verdict;
  /** Why that is expected, for people. */
  readonly why?: string;
  /** Where the expectation comes from, for people. */
  readonly basis?: string;
}

export interface CaseOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Verdict;
  readonly actual: Verdict;
  /** Of a failed case: how the verdict came about, in several lines. Null if the case passed. */
  readonly explanation: string | null;
}

export interface RunOptions {
  /** For the cases that name none. */
  readonly rules?: Rules;
  readonly coverage?: Coverage;
}

/**
 * Runs every case; the outcomes are in the order of the cases. A case decides nothing for another one. Throws `TypeError`
 * if a case has no rules and none are given.
 */
export function runRuleCases(cases: readonly RuleCase[], options: RunOptions = {}): CaseOutcome[] {
  const run = new CaseRun(options);
  return cases.map((each) => outcomeOf(each, run.decide(each)));
}

interface Decision {
  readonly verdict: Verdict;
  explain(): string;
}

class CaseRun {
  readonly #options: RunOptions;
  /** Many cases share a document. */
  readonly #compiled: Map<string, Rules | RulesError> = new Map();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  decide(each: RuleCase): Decision {
    const rules = this.#rulesOf(each);
    if (rules instanceof RulesError) return { verdict: 'loaderror', explain: () => rules.message };
    const { coverage } = this.#options;
    coverage?.include(rules);
    rules.observe(coverage ?? null);
    try {
      return decisionOf(simulate(rules, each));
    } catch (error) {
      if (!(error instanceof TreeError)) throw error;
      return { verdict: 'deny', explain: () => `no database takes this operation: ${error.message}` };
    } finally {
      rules.observe(null);
    }
  }

  #rulesOf({ name, rules }: RuleCase): Rules | RulesError {
    if (rules === undefined) {
      if (this.#options.rules === undefined) throw new TypeError(`the case ${JSON.stringify(name)} has no rules`);
      return this.#options.rules;
    }
    const source = typeof rules === 'string' ? rules : JSON.stringify(rules);
    let compiled = this.#compiled.get(source);
    if (compiled === undefined) {
      compiled = compileOrExplain(source);
      this.#compiled.set(source, compiled);
    }
    return compiled;
  }
}

function compileOrExplain(source: string): Rules | RulesError {
  try {
    return compileRules(source);
  } catch (error) {
    if (error instanceof RulesError) return error;
    throw error;
  }
}

function decisionOf(explanation: Explanation): Decision {
  return { verdict: explanation.allowed ? 'allow' : 'deny', explain: () => formatExplanation(explanation) };
}

function outcomeOf({ name, expect }: RuleCase, { verdict, explain }: Decision): CaseOutcome {
  const passed = verdict === expect;
  return { name, passed, expected: expect, actual: verdict, explanation: passed ? null : explain() };
}
