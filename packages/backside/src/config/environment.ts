import { ConfigError, suggestion } from './config-error.js';
import { environmentNameOf, type Option, type OptionTable } from './option.js';
import type { Setting, Settings } from './setting.js';

/** The process environment, handed in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about the options of a table. */
export function readEnvironment<Values>(environment: Environment, table: OptionTable<Values>): Settings {
  const settings = new Map<string, Setting>();
  for (const [name, option] of Object.entries<Option<unknown>>(table)) {
    const variable = environmentNameOf(name);
    const text = environment[variable];
    if (text === undefined) continue;
    settings.set(name, { raw: option.fromText(text), origin: { kind: 'environment', place: variable } });
  }
  return settings;
}

/** Throws `ConfigError` for a variable that begins with `BACKSIDE_` and means nothing to any command. */
export function assertKnownEnvironment(environment: Environment, optionNames: Iterable<string>): void {
  const known = new Set([...optionNames].map(environmentNameOf));
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('BACKSIDE_') || known.has(variable)) continue;
    throw new ConfigError(`${variable}: unknown environment variable${suggestion(variable, known)}`);
  }
}
