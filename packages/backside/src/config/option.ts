import * as v from 'valibot';

/**
 * One setting: what it means, its default, and which values are allowed. Flags, environment names, the keys of the JSON
 * file, help texts and the table of the README all derive from this.
 */
export interface Option<Value> {
  readonly description: string;
  readonly default: Value;
  readonly schema: v.GenericSchema<unknown, Value>;
  /** What stands for the value in help texts; null for a switch, which takes none. */
  readonly placeholder: string | null;
  /** The heading under which help lists it. */
  readonly group: string;
  /** Never printed. */
  readonly secret: boolean;
  /** What the schema gets for text from a flag or the environment. */
  readonly fromText: (text: string) => unknown;
}

/** Named options; the names are the keys of the JSON file, in camelCase. */
export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** `tcpPort` as a flag: `--tcp-port`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `tcpPort` in the environment: `BACKSIDE_TCP_PORT`. */
export function environmentNameOf(name: string): string {
  return `BACKSIDE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** What every kind of option is described with. */
export interface Description {
  readonly group: string;
  readonly description: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
}

/** An option of any kind, for kinds that have one user only. */
export function option<Value>(
  schema: v.GenericSchema<unknown, Value>,
  described: Omit<Description, 'placeholder'> & {
    readonly default: NoInfer<Value>;
    readonly placeholder: string | null;
    readonly fromText: Option<Value>['fromText'];
  },
): Option<Value> {
  return { schema, secret: false, ...described };
}

/** Throws, saying why, unless a text is of use. */
type Assert = (text: string) => unknown;

/** Refuses what `assert` throws for, with its message. */
export function passes<Value>(assert: (value: Value) => unknown): v.RawCheckAction<Value> {
  return v.rawCheck<Value>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      assert(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
    }
  });
}

/** A text that may be left out (null). */
export function text(described: Description & { readonly assert?: Assert }): Option<string | null> {
  const { assert = () => {}, ...rest } = described;
  const schema = v.nullable(v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'), passes(assert)));
  return option<string | null>(schema as v.GenericSchema<unknown, string | null>, {
    placeholder: 'TEXT',
    ...rest,
    default: null,
    fromText: (raw) => raw,
  });
}

/** A text that always has a value. */
export function requiredText(
  described: Description & { readonly default: string; readonly assert?: Assert },
): Option<string> {
  const { assert = () => {}, ...rest } = described;
  const schema = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'), passes(assert));
  return option(schema as v.GenericSchema<unknown, string>, {
    placeholder: 'TEXT',
    ...rest,
    fromText: (raw) => raw,
  });
}

/** A whole number within bounds. */
export function integer(
  described: Description & { readonly default: number; readonly min: number; readonly max: number },
): Option<number> {
  const { min, max, ...rest } = described;
  const message = `must be a whole number from ${min} to ${max}`;
  const schema = v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
  return option(schema as v.GenericSchema<unknown, number>, { placeholder: 'N', ...rest, fromText: numberFromText });
}

/** On or off. */
export function toggle(described: Description & { readonly default: boolean }): Option<boolean> {
  const schema = v.boolean('must be true or false');
  return option(schema as v.GenericSchema<unknown, boolean>, {
    ...described,
    placeholder: null,
    fromText: booleanFromText,
  });
}

/** One of a few words. */
export function choice<const Word extends string>(
  words: readonly Word[],
  described: Description & { readonly default: Word },
): Option<Word> {
  const schema = v.picklist(words, `must be ${words.join(' or ')}`);
  return option(schema as v.GenericSchema<unknown, Word>, {
    placeholder: words.join('|'),
    ...described,
    fromText: (raw) => raw,
  });
}

/** Several different texts; separated by commas in flags and the environment. */
export function list(
  described: Description & {
    readonly default: readonly string[];
    readonly item?: RegExp;
    readonly assert?: Assert;
    readonly min?: number;
  },
): Option<readonly string[]> {
  const { item = /./, assert = () => {}, min = 0, ...rest } = described;
  const entry = v.pipe(v.string('must be a text'), v.regex(item, 'is not a valid entry'), passes(assert));
  const schema = v.pipe(
    v.array(entry, 'must be a list of texts'),
    v.minLength(min, `must have at least ${min} entry`),
    v.check((entries) => new Set(entries).size === entries.length, 'must not have an entry twice'),
  );
  return option(schema as v.GenericSchema<unknown, readonly string[]>, {
    placeholder: 'A,B',
    ...rest,
    fromText: (raw) => (raw === '' ? [] : raw.split(',').map((part) => part.trim())),
  });
}

/** Digits become the number that they say; anything else stays text, for the schema to refuse or to read. */
export function numberFromText(raw: string): unknown {
  return /^-?\d+$/.test(raw) ? Number(raw) : raw;
}

function booleanFromText(raw: string): unknown {
  if (raw === 'true' || raw === '1') return true;
  return raw === 'false' || raw === '0' ? false : raw;
}

/** What the text says if it is JSON, else the text for the schema to refuse. */
export function jsonFromText(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
