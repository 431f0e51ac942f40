import { readFileSync } from 'node:fs';
import { benchCommand } from './commands/bench.js';
import type { Command, Io } from './commands/command.js';
import { configCommand } from './commands/config.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { getCommand } from './commands/get.js';
import { importCommand } from './commands/import.js';
import { setCommand } from './commands/set.js';
import { startCommand } from './commands/start.js';
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
  const [word, ...rest] = argv;
  if (word === '--version') {
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') return printHelp(rest[0], io);
  const command = findCommand(word);
  assertKnownEnvironment(io.environment, new Set(COMMANDS.flatMap(({ optionNames }) => optionNames)));
  return command.execute(rest, io);
}

function printHelp(word: string | undefined, io: Io): number {
  io.stdout.write(word === undefined ? overview() : findCommand(word).help());
  return 0;
}

function findCommand(word: string): Command {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command) return command;
  throw new ConfigError(
    `${word}: unknown command${suggestion(
      word,
      COMMANDS.map(({ name }) => name),
    )}; see backside help`,
  );
}

function overview(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(8)}  ${summary}`);
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
