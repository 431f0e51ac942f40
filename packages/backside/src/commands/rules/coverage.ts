import { Coverage, type CoverageReport, formatCoverage } from '@backside/security';
import { toggle } from '../../config/option.js';
import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from '../admin-options.js';
import { type Command, defineCommand } from '../command.js';
import { RULES_OPTION, runCaseFiles } from './cases.js';

interface CoverageConfig extends AdminConfig {
  readonly rules: string | null;
  readonly json: boolean;
}

export const rulesCoverageCommand: Command = defineCommand<CoverageConfig>({
  name: 'rules coverage',
  positionals: ['[CASES…]'],
  summary:
    'Prints which expressions of the rules were never true or never false: in cases, or in the traffic of a server.',
  details:
    'With files of cases, as `backside rules test` takes them, those are run. Without, the running server is asked.',
  options: {
    ...ADMIN_OPTIONS,
    rules: RULES_OPTION,
    json: toggle({ group: 'Output', default: false, description: 'Print JSON.' }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const report = positionals.length > 0 ? await ofCases(positionals, values.rules) : await ofServer(values);
    io.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${formatCoverage(report)}\n`);
    return 0;
  },
});

async function ofCases(files: readonly string[], rules: string | null): Promise<CoverageReport> {
  const coverage = new Coverage();
  await runCaseFiles(files, { rules, coverage });
  return coverage.report();
}

async function ofServer(config: AdminConfig): Promise<CoverageReport> {
  const answer = await withAdmin(config, (ask) => ask({ method: 'GET', path: '/.settings/rules/coverage' }));
  return JSON.parse(answer) as CoverageReport;
}
