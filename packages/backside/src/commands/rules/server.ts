import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from '../admin-options.js';
import { type Command, defineCommand } from '../command.js';
import { readTextFile } from './rules-file.js';

const RULES_PATH = '/.settings/rules.json';

export const rulesGetCommand: Command = defineCommand<AdminConfig>({
  name: 'rules get',
  positionals: [],
  summary: 'Prints the rules in force, comments included.',
  options: ADMIN_OPTIONS,
  run: async ({ effective: { values }, io }) => {
    io.stdout.write(await withAdmin(values, (ask) => ask({ method: 'GET', path: RULES_PATH })));
    return 0;
  },
});

export const rulesSetCommand: Command = defineCommand<AdminConfig>({
  name: 'rules set',
  positionals: ['FILE'],
  summary: 'Puts a rules file in force, on all nodes at once; a file with errors changes nothing.',
  details: 'May be the first step: the data folder is made if it is not there.',
  options: ADMIN_OPTIONS,
  run: async ({ effective: { values }, positionals, io }) => {
    const body = await readTextFile(positionals[0]!);
    await withAdmin(values, (ask) => ask({ method: 'PUT', path: RULES_PATH, body }), { makesFolder: true });
    io.stdout.write(`${positionals[0]} is in force\n`);
    return 0;
  },
});

interface Version {
  readonly version: number;
  readonly author: string | null;
  readonly time: number;
}

export const rulesHistoryCommand: Command = defineCommand<AdminConfig>({
  name: 'rules history',
  positionals: [],
  summary: 'Prints the versions of the rules: number, when, by whom.',
  options: ADMIN_OPTIONS,
  run: async ({ effective: { values }, io }) => {
    const answer = await withAdmin(values, (ask) => ask({ method: 'GET', path: '/.settings/rules/versions' }));
    const { versions } = JSON.parse(answer) as { versions: readonly Version[] };
    for (const { version, author, time } of versions) {
      io.stdout.write(`${String(version).padStart(5)}  ${new Date(time).toISOString()}  ${author ?? '-'}\n`);
    }
    return 0;
  },
});

export const rulesRollbackCommand: Command = defineCommand<AdminConfig>({
  name: 'rules rollback',
  positionals: ['VERSION'],
  summary: 'Puts an earlier version of the rules in force again, as a new version.',
  options: ADMIN_OPTIONS,
  run: async ({ effective: { values }, positionals, io }) => {
    const version = Number(positionals[0]);
    await withAdmin(values, (ask) => ask({ method: 'POST', path: '/.settings/rules/rollback', body: { version } }));
    io.stdout.write(`version ${version} is in force again\n`);
    return 0;
  },
});
