import * as v from 'valibot';
import { ConfigError } from './config-error.js';
import type { Option, OptionTable } from './option.js';

/** Where a value came from; `place` is how messages name it. */
interface Origin {
  readonly kind: 'default' | 'file' | 'environment' | 'flag';
  /** `--port`, `BACKSIDE_PORT`, `config/dev.json: port (line 3)`, or `default`. */
  readonly place: string;
}

/** One value as a source gave it, not yet checked. */
export interface Setting {
  readonly raw: unknown;
  readonly origin: Origin;
}

/** What one source says, by option name. */
export type Settings = ReadonlyMap<string, Setting>;

/** Checked values, and for each where it came from. */
export interface Effective<Values> {
  readonly values: Values;
  readonly origins: Readonly<Record<keyof Values, Origin>>;
}

const DEFAULT: Origin = { kind: 'default', place: 'default' };

/** Takes each option from the first source that has it, else its default. Throws `ConfigError` for a value that is not allowed. */
export function resolveSettings<Values>(table: OptionTable<Values>, sources: readonly Settings[]): Effective<Values> {
  const values: Partial<Values> = {};
  const origins: Partial<Record<keyof Values, Origin>> = {};
  for (const name of optionNames(table)) {
    const setting = sources.find((source) => source.has(name))?.get(name);
    values[name] = setting ? checkSetting(table[name], setting) : table[name].default;
    origins[name] = setting?.origin ?? DEFAULT;
  }
  return { values: values as Values, origins: origins as Record<keyof Values, Origin> };
}

/** The names of a table, typed. */
export function optionNames<Values>(table: OptionTable<Values>): (keyof Values & string)[] {
  return Object.keys(table) as (keyof Values & string)[];
}

function checkSetting<Value>(option: Option<Value>, setting: Setting): Value {
  const result = v.safeParse(option.schema, setting.raw);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const inside = v.getDotPath(issue);
  const given = option.secret ? '' : ` (it is ${JSON.stringify(issue.input) ?? 'missing'})`;
  throw new ConfigError(`${setting.origin.place}${inside === null ? '' : ` at ${inside}`}: ${issue.message}${given}`);
}
