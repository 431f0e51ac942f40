import { readFile } from 'node:fs/promises';
import { compileRules, formatProblem, type Rules, RulesError, type RulesProblem } from '@backside/security';
import { ConfigError } from '../../config/config-error.js';

/** A text file, whole. Rejects with a `ConfigError` that names it. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The rules in a file. Rejects with an error that names the file and every problem with its place. */
export async function readRulesFile(file: string): Promise<Rules> {
  const source = await readTextFile(file);
  try {
    return compileRules(source);
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new Error(error.problems.map((problem) => formatProblemIn(file, problem)).join('\n'), { cause: error });
  }
}

/** `FILE:LINE:COLUMN RULE: message`, as editors find it. */
export function formatProblemIn(file: string, problem: RulesProblem): string {
  return `${file}:${formatProblem(problem)}`;
}
