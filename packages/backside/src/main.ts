import { readFileSync } from 'node:fs';
import type { Command, Io } from './commands/command.js';
import { COMMANDS, type CommandEntry } from './commands/command-table.js';
import { ConfigError, suggestion } from './config/config-error.js';
import { assertKnownEnvironment } from './config/environment.js';

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
  const { entry, rest } = findCommand(argv);
  if (entry.holdsSignals) io.signals.hold();
  else io.stdout.on('error', (error) => endWithoutOutput(error, io));
  const command = await entry.load();
  await checkEnvironment(io);
  return command.execute(rest, io);
}

/** Ends a command whose output nobody takes: without a word if its reader has had enough, as `head` has. */
function endWithoutOutput(error: NodeJS.ErrnoException, io: Io): never {
  if (error.code !== 'EPIPE') io.stderr.write(`backside: the output cannot be written: ${error.message}\n`);
  process.exit(1);
}

/** A variable may belong to another command, so all are loaded if there is one. */
async function checkEnvironment({ environment }: Io): Promise<void> {
  if (!Object.keys(environment).some((name) => name.startsWith('BACKSIDE_'))) return;
  const commands = await loadAll();
  assertKnownEnvironment(environment, new Set(commands.flatMap(({ optionNames }) => optionNames)));
}

function loadAll(): Promise<Command[]> {
  return Promise.all(COMMANDS.map(({ load }) => load()));
}

async function printHelp(words: readonly string[], io: Io): Promise<number> {
  io.stdout.write(words.length === 0 ? overview(await loadAll()) : (await findCommand(words).entry.load()).help());
  return 0;
}

/** The command that the first words name: one word, or a group and a word. */
function findCommand(words: readonly string[]): { entry: CommandEntry; rest: readonly string[] } {
  for (const length of [2, 1]) {
    const entry = COMMANDS.find(({ name }) => name === words.slice(0, length).join(' '));
    if (entry) return { entry, rest: words.slice(length) };
  }
  throw new ConfigError(`${describeUnknown(words)}; see backside help`);
}

function describeUnknown([first = '', second]: readonly string[]): string {
  const group = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(`${first} `));
  if (group.length === 0) {
    const firstWords = COMMANDS.map(({ name }) => name.split(' ')[0]!);
    return `${first}: unknown command${suggestion(first, firstWords)}`;
  }
  if (second === undefined || second.startsWith('-')) return `${first} is the first word of ${group.join(', ')}`;
  return `${first} ${second}: unknown command${suggestion(`${first} ${second}`, group)}`;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
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
