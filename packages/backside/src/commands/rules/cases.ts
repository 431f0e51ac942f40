import { type CaseOutcome, type Coverage, type RuleCase, type Rules, runRuleCases } from '@backside/security';
import { type Option, text, toggle } from '../../config/option.js';
import type { Io } from '../command.js';
import { readRulesFile, readTextFile } from './rules-file.js';

export const RULES_OPTION: Option<string | null> = text({
  group: 'Cases',
  placeholder: 'FILE',
  description: 'The rules for cases that name none.',
});

export const EXPLAIN_OPTION: Option<boolean> = toggle({
  group: 'Cases',
  default: false,
  description: 'Show for each failed case how the rules came to their verdict.',
});

/** Runs the cases of all files. Rejects if one cannot be read. */
export async function runCaseFiles(
  files: readonly string[],
  options: { readonly rules: string | null; readonly coverage?: Coverage },
): Promise<readonly CaseOutcome[]> {
  const rules: Rules | null = options.rules === null ? null : await readRulesFile(options.rules);
  const outcomes: CaseOutcome[] = [];
  for (const file of files) {
    const cases = await readCases(file);
    outcomes.push(
      ...runRuleCases(cases, { ...(rules && { rules }), ...(options.coverage && { coverage: options.coverage }) }),
    );
  }
  return outcomes;
}

async function readCases(file: string): Promise<RuleCase[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readTextFile(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`${file} is not JSON: ${error.message}`, { cause: error });
  }
  if (!Array.isArray(parsed)) throw new Error(`${file}: an array of cases is expected`);
  return parsed as RuleCase[];
}

/** Prints what failed, then the closing line. True if nothing failed. */
export function printOutcomes(outcomes: readonly CaseOutcome[], explain: boolean, io: Io): boolean {
  const failed = outcomes.filter(({ passed }) => !passed);
  for (const { name, expected, actual, explanation } of failed) {
    io.stdout.write(`FAILED  ${name}: expected ${expected}, got ${actual}\n`);
    if (explain && explanation !== null) io.stdout.write(`${explanation.replaceAll(/^/gm, '        ')}\n`);
  }
  io.stdout.write(`${outcomes.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length === 0;
}
