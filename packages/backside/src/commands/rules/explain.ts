import type { DenialTrace } from '@backside/api';
import { formatExplanation } from '@backside/security';
import { toggle } from '../../config/option.js';
import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from '../admin-options.js';
import { type Command, defineCommand } from '../command.js';

interface ExplainConfig extends AdminConfig {
  readonly json: boolean;
}

export const rulesExplainCommand: Command = defineCommand<ExplainConfig>({
  name: 'rules explain',
  positionals: ['TRACE'],
  summary: 'Prints why an operation was refused: each rule with its place, and the value of each part of it.',
  details: 'TRACE is the id that came with the refusal. A running server keeps the latest ones in memory.',
  options: {
    ...ADMIN_OPTIONS,
    json: toggle({ group: 'Output', default: false, description: 'Print JSON.' }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const path = `/.explain/${encodeURIComponent(positionals[0]!)}`;
    const answer = await withAdmin(values, (ask) => ask({ method: 'GET', path }));
    io.stdout.write(values.json ? `${answer}\n` : describe(JSON.parse(answer) as DenialTrace));
    return 0;
  },
});

function describe({ operation, path, principal, database, time, explanation }: DenialTrace): string {
  const head = `${new Date(time).toISOString()}  ${database}: ${operation} of ${path} by ${principal ?? 'nobody'} was refused\n`;
  if (explanation === null) return `${head}There were too many refusals at the time to explain this one.\n`;
  return `${head}${formatExplanation(explanation)}\n`;
}
