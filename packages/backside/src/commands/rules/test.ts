import { type Command, defineCommand } from '../command.js';
import { EXPLAIN_OPTION, printOutcomes, RULES_OPTION, runCaseFiles } from './cases.js';

interface TestConfig {
  readonly rules: string | null;
  readonly explain: boolean;
}

export const rulesTestCommand: Command = defineCommand<TestConfig>({
  name: 'rules test',
  positionals: ['FILE…'],
  summary: 'Runs cases against rules and prints `N passed, N failed`. Ends with 1 if one failed.',
  details:
    'A file is a JSON array of {"name", "rules", "data", "auth", "now", "op": {"type": "read"|"write"|"update", "path", "value", "query"},\n' +
    '"expect": "allow"|"deny"|"loaderror"}.',
  options: { rules: RULES_OPTION, explain: EXPLAIN_OPTION },
  run: async ({ effective: { values }, positionals, io }) => {
    const outcomes = await runCaseFiles(positionals, values);
    return printOutcomes(outcomes, values.explain, io) ? 0 : 1;
  },
});
