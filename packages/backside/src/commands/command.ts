import type { Readable, Writable } from 'node:stream';
import { ConfigError } from '../config/config-error.js';
import { readConfigFile } from '../config/config-file.js';
import { type Environment, readEnvironment } from '../config/environment.js';
import { type Alias, parseFlags } from '../config/flags.js';
import { optionsHelp } from '../config/help.js';
import { flagOf, type OptionTable, text } from '../config/option.js';
import { type Effective, resolveSettings } from '../config/setting.js';
import type { HeldSignals } from '../server/held-signals.js';

/** What a command sees of the world. */
export interface Io {
  readonly environment: Environment;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly signals: HeldSignals;
}

interface Invocation<Values> {
  readonly effective: Effective<Values>;
  /** The same again, from the file as it is now. Throws `ConfigError`. */
  readonly reread: () => Effective<Values>;
  readonly positionals: readonly string[];
  readonly io: Io;
}

/** One word after `backside`. */
export interface CommandDefinition<Values> {
  readonly name: string;
  /** Placeholders of the positionals; those in brackets may be left out, and a last one that ends in `…` may be repeated. */
  readonly positionals: readonly string[];
  readonly summary: string;
  /** More for `--help`, between the usage and the options. */
  readonly details?: string;
  readonly options: OptionTable<Values>;
  readonly aliases?: readonly Alias[];
  /** Whether `--config FILE` is read. */
  readonly configFile?: boolean;
  /** Resolves with the exit code. */
  run(invocation: Invocation<Values>): Promise<number>;
}

/** A command whose options are no longer visible. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly optionNames: readonly string[];
  help(): string;
  execute(argv: readonly string[], io: Io): Promise<number>;
}

const FILE_OPTION = {
  config: text({ group: 'Configuration', placeholder: 'FILE', description: 'A JSON file of options.' }),
};

export function defineCommand<Values>(definition: CommandDefinition<Values>): Command {
  const help = (): string => helpText(definition);
  return {
    name: definition.name,
    summary: definition.summary,
    optionNames: [...Object.keys(definition.options), ...(definition.configFile ? ['config'] : [])],
    help,
    execute: async (argv, io) => {
      const parsed = parseInvocation(definition, argv, io);
      if (parsed !== 'help') return definition.run(parsed);
      io.stdout.write(help());
      return 0;
    },
  };
}

function parseInvocation<Values>(
  definition: CommandDefinition<Values>,
  argv: readonly string[],
  io: Io,
): Invocation<Values> | 'help' {
  const table = definition.configFile ? { ...definition.options, ...FILE_OPTION } : definition.options;
  const { settings, positionals, help } = parseFlags(argv, table, definition.aliases);
  if (help) return 'help';
  assertPositionals(definition, positionals);
  const environment = readEnvironment(io.environment, table);
  const given = [settings, environment];
  const { config } = definition.configFile ? resolveSettings(FILE_OPTION, given).values : { config: null };
  const reread = (): Effective<Values> => {
    const file = config === null ? [] : [readConfigFile(config, definition.options)];
    return resolveSettings(definition.options, [...given, ...file]);
  };
  return { effective: reread(), reread, positionals, io };
}

function assertPositionals<Values>(definition: CommandDefinition<Values>, given: readonly string[]): void {
  const missing = definition.positionals.slice(given.length).find((placeholder) => !placeholder.startsWith('['));
  if (missing !== undefined) throw new ConfigError(`${usage(definition)}: ${missing} is missing`);
  if (definition.positionals.at(-1)?.replace(']', '').endsWith('…')) return;
  const surplus = given[definition.positionals.length];
  if (surplus !== undefined)
    throw new ConfigError(`${JSON.stringify(surplus)} is one argument too many: ${usage(definition)}`);
}

function usage<Values>({ name, positionals }: CommandDefinition<Values>): string {
  return ['backside', name, ...positionals].join(' ');
}

function helpText<Values>(definition: CommandDefinition<Values>): string {
  const table = definition.configFile ? { ...definition.options, ...FILE_OPTION } : definition.options;
  const paragraphs = [`Usage: ${usage(definition)} [options]`, definition.summary];
  if (definition.details !== undefined) paragraphs.push(definition.details);
  for (const { flag, option, value } of definition.aliases ?? []) {
    paragraphs.push(`${flag} is short for ${flagOf(option)} ${value}.`);
  }
  paragraphs.push(optionsHelp(table).trimEnd());
  paragraphs.push('Every option is also read from the environment: --tcp-port from BACKSIDE_TCP_PORT.');
  return `${paragraphs.join('\n\n')}\n`;
}
