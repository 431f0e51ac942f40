import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';

/** How one member of a JSON object is read. `parse` throws `invalid-data` that names the member, never its value. */
export interface Field<Value, Optional extends boolean = boolean> {
  readonly optional: Optional;
  parse(value: unknown, name: string): Value;
}

/** The members that an object may have; any other is refused. */
export type Shape = Readonly<Record<string, Field<unknown>>>;

type Parsed<F> = F extends Field<infer Value> ? Value : never;

/** What an object of a shape looks like once it is read: an optional member that was not sent is absent. */
export type ShapeValue<S extends Shape> = {
  [Name in keyof S as S[Name] extends Field<unknown, false> ? Name : never]: Parsed<S[Name]>;
} & {
  [Name in keyof S as S[Name] extends Field<unknown, true> ? Name : never]?: Parsed<S[Name]>;
};

/** Reads an object strictly: throws `invalid-data` for a missing, an unknown or a wrongly typed member. */
export function parseFields<S extends Shape>(value: unknown, shape: S): ShapeValue<S> {
  if (!isObject(value)) throw new BacksideError('invalid-data', 'a JSON object is expected');
  refuseUnknown(value, shape);
  const parsed: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    if (Object.hasOwn(value, name)) parsed[name] = field.parse(value[name], name);
    else if (!field.optional) throw new BacksideError('invalid-data', `"${name}" is missing`);
  }
  return parsed as ShapeValue<S>;
}

function refuseUnknown(value: Readonly<Record<string, unknown>>, shape: Shape): void {
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(shape, name)) continue;
    const known = Object.keys(shape).join(', ') || 'none';
    throw new BacksideError('invalid-data', `unknown field ${JSON.stringify(name.slice(0, 40))}; known here: ${known}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string of at most `maxLength` UTF-16 units that is not empty. */
export function text(maxLength = 256): Field<string, false> {
  return required((value, name) => {
    if (typeof value !== 'string' || value === '') throw wrong(name, 'a text that is not empty');
    if (value.length > maxLength) throw wrong(name, `at most ${maxLength} characters long`);
    return value;
  });
}

/** `true` or `false`. */
export function flag(): Field<boolean, false> {
  return required((value, name) => {
    if (typeof value !== 'boolean') throw wrong(name, 'true or false');
    return value;
  });
}

/** One of these texts. */
export function oneOf<Choice extends string>(...choices: readonly Choice[]): Field<Choice, false> {
  return required((value, name) => {
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw wrong(name, `one of ${choices.join(', ')}`);
    return choice;
  });
}

/** A JSON object whose members are data, not fields. */
export function record(): Field<Readonly<Record<string, Json>>, false> {
  return required((value, name) => {
    if (!isObject(value)) throw wrong(name, 'an object');
    return value as Readonly<Record<string, Json>>;
  });
}

/** A whole number of at least `least`. */
export function count(least = 0): Field<number, false> {
  return required((value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < least) throw wrong(name, `a whole number from ${least}`);
    return value as number;
  });
}

/** Any JSON value. */
export function anything(): Field<Json, false> {
  return required((value) => value as Json);
}

/** The same member, which may be left out. */
export function optional<Value>(field: Field<Value, false>): Field<Value, true> {
  return { ...field, optional: true };
}

/** The same member, which may also be null. */
export function orNull<Value>(field: Field<Value, false>): Field<Value | null, false> {
  return required((value, name) => (value === null ? null : field.parse(value, name)));
}

function required<Value>(parse: (value: unknown, name: string) => Value): Field<Value, false> {
  return { optional: false, parse };
}

function wrong(name: string, expected: string): BacksideError {
  return new BacksideError('invalid-data', `"${name}" must be ${expected}`);
}
