import { readFileSync } from 'node:fs';
import { benchCommand } from './commands/bench.js';
import type { Command, Io } from './commands/command.js';
import { configCommand } from './commands/config.js';
import { createAdminCommand } from './commands/create-admin.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { getCommand } from './commands/get.js';
import { importCommand } from './commands/import.js';
import { rulesCheckCommand } from './commands/rules/check.js';
import { rulesCoverageCommand } from './commands/rules/coverage.js';
import { rulesExplainCommand } from './commands/rules/explain.js';
import {
  rulesGetCommand,
  rulesHistoryCommand,
  rulesRollbackCommand,
  rulesSetCommand,
} from './commands/rules/server.js';
import { rulesTestCommand } from './commands/rules/test.js';
import { setCommand } from './commands/set.js';
import { startCommand } from './commands/start.js';
import { tokenCommand } from './commands/token.js';
import {
  usersDeleteCommand,
  usersDisableCommand,
  usersEnableCommand,
  usersResetCommand,
} from './commands/users/change.js';
import { usersListCommand } from './commands/users/list.js';
import { watchCommand } from './commands/watch.js';
import { ConfigError, suggestion } from './config/config-error.js';
import { assertKnownEnvironment } from './config/environment.js';

const COMMANDS: readonly Command[] = [
  startCommand,
  configCommand,
  getCommand,
  setCommand,
  watchCommand,
  exportCommand,
  importCommand,
  doctorCommand,
  benchCommand,
  createAdminCommand,
  tokenCommand,
  usersListCommand,
  usersDisableCommand,
  usersEnableCommand,
  usersDeleteCommand,
  usersResetCommand,
  rulesCheckCommand,
  rulesTestCommand,
  rulesCoverageCommand,
  rulesExplainCommand,
  rulesGetCommand,
  rulesSetCommand,
  rulesHistoryCommand,
  rulesRollbackCommand,
];

/**
 * Runs one command line. Resolves with the exit code: 0 done, 1 failed, 2 the command line or the configuration cannot
 * be used. Problems are told on stderr.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await runCommand(argv, io);
  } catch (error) {
    io.stderr.write(`backside: ${messageOf(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const [word] = argv;
  if (word === '--version') {
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') return printHelp(argv.slice(1), io);
  const { command, rest } = findCommand(argv);
  assertKnownEnvironment(io.environment, new Set(COMMANDS.flatMap(({ optionNames }) => optionNames)));
  return command.execute(rest, io);
}

function printHelp(words: readonly string[], io: Io): number {
  io.stdout.write(words.length === 0 ? overview() : findCommand(words).command.help());
  return 0;
}

/** The command that the first words name: one word, or a group and a word. */
function findCommand(words: readonly string[]): { command: Command; rest: readonly string[] } {
  for (const length of [2, 1]) {
    const command = COMMANDS.find(({ name }) => name === words.slice(0, length).join(' '));
    if (command) return { command, rest: words.slice(length) };
  }
  throw new ConfigError(`${describeUnknown(words)}; see backside help`);
}

function describeUnknown([first = '', second]: readonly string[]): string {
  const group = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(`${first} `));
  if (group.length === 0)
    return `${first}: unknown command${suggestion(
      first,
      COMMANDS.map(({ name }) => name.split(' ')[0]!),
    )}`;
  if (second === undefined || second.startsWith('-')) return `${first} is the first word of ${group.join(', ')}`;
  return `${first} ${second}: unknown command${suggestion(`${first} ${second}`, group)}`;
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'Usage: backside COMMAND [arguments] [options]\n',
    ...lines,
    '\n`backside COMMAND --help` tells more; `backside --version` prints the version.\n',
  ].join('\n');
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/** The message, and those of its causes where they say more. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error.cause instanceof Error) || error.message.includes(error.cause.message)) return error.message;
  return `${error.message}: ${messageOf(error.cause)}`;
}
