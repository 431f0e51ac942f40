import { parseArgs } from 'node:util';
import { ConfigError, suggestion } from './config-error.js';
import { flagOf, type Option, type OptionTable } from './option.js';
import type { Setting, Settings } from './setting.js';

/** A short form of another flag with a value, such as `--dev` for `--mode development`. */
export interface Alias {
  readonly flag: string;
  readonly option: string;
  readonly value: string;
}

export interface ParsedFlags {
  readonly settings: Settings;
  readonly positionals: readonly string[];
  /** `--help` or `-h` stood somewhere. */
  readonly help: boolean;
}

/**
 * Reads the arguments after the command's name. `--name value` and `--name=value` give an option; a switch is turned on
 * with `--name` and off with `--no-name`; after `--` all is positional; the last of several wins. Throws `ConfigError`
 * for a flag that the command does not have.
 */
export function parseFlags<Values>(
  argv: readonly string[],
  table: OptionTable<Values>,
  aliases: readonly Alias[] = [],
): ParsedFlags {
  const byFlag = new Map(
    Object.entries<Option<unknown>>(table).map(([name, option]) => [flagOf(name), { name, option }]),
  );
  const settings = new Map<string, Setting>();
  const positionals: string[] = [];
  let help = false;
  for (const token of tokensOf(argv, table)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') {
      help = true;
      continue;
    }
    const alias = aliases.find(({ flag }) => flag === token.rawName);
    const [name, text] = alias ? [alias.option, alias.value] : readFlag(token, byFlag, aliases);
    const raw = table[name as keyof Values].fromText(text);
    settings.set(name, { raw, origin: { kind: 'flag', place: token.rawName } });
  }
  return { settings, positionals, help };
}

type Known = ReadonlyMap<string, { readonly name: string; readonly option: Option<unknown> }>;
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

function tokensOf<Values>(argv: readonly string[], table: OptionTable<Values>): Token[] {
  const options: Record<string, { type: 'string' | 'boolean' }> = {};
  for (const [name, option] of Object.entries<Option<unknown>>(table)) {
    options[flagOf(name).slice(2)] = { type: option.placeholder === null ? 'boolean' : 'string' };
  }
  return parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

/** The option's name and its value as text. */
function readFlag(token: OptionToken, byFlag: Known, aliases: readonly Alias[]): [name: string, text: string] {
  const known = byFlag.get(token.rawName);
  if (known?.option.placeholder === null) return [known.name, token.value ?? 'true'];
  if (known) {
    const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
    if (missing) throw new ConfigError(`${token.rawName}: needs a value (${known.option.placeholder})`);
    return [known.name, token.value];
  }
  const positive = byFlag.get(token.rawName.replace(/^--no-/, '--'));
  if (positive?.option.placeholder === null && token.value === undefined) return [positive.name, 'false'];
  const flags = [...byFlag.keys(), ...aliases.map(({ flag }) => flag), '--help'];
  throw new ConfigError(`${token.rawName}: unknown flag${suggestion(token.rawName, flags)}`);
}
