import { compileRules, lintRules, RulesError } from '@backside/security';
import { text, toggle } from '../../config/option.js';
import { type Command, defineCommand } from '../command.js';
import { formatProblemIn, readTextFile } from './rules-file.js';
import { unindexedQueries } from './unindexed-queries.js';

interface CheckConfig {
  readonly strict: boolean;
  readonly log: string | null;
}

export const rulesCheckCommand: Command = defineCommand<CheckConfig>({
  name: 'rules check',
  positionals: ['FILE'],
  summary: 'Says what is wrong with a rules file, and what looks wrong. Ends with 1 on errors.',
  options: {
    strict: toggle({ group: 'Checking', default: false, description: 'Treat warnings as errors.' }),
    log: text({
      group: 'Checking',
      placeholder: 'FILE',
      description: 'A log of the server, in JSON: queries that it had to answer without an index are told.',
    }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const file = positionals[0]!;
    const source = await readTextFile(file);
    try {
      const rules = compileRules(source);
      const problems = [...lintRules(rules)];
      if (values.log !== null) problems.push(...unindexedQueries(await readTextFile(values.log), rules));
      for (const problem of problems) io.stdout.write(`${formatProblemIn(file, problem)} [${problem.code}]\n`);
      io.stdout.write(`${file}: no errors, ${problems.length} warnings\n`);
      return values.strict && problems.length > 0 ? 1 : 0;
    } catch (error) {
      if (!(error instanceof RulesError)) throw error;
      for (const problem of error.problems) io.stdout.write(`${formatProblemIn(file, problem)} [${problem.code}]\n`);
      io.stdout.write(`${file}: ${error.problems.length} errors\n`);
      return 1;
    }
  },
});
