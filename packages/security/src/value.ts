/** The outcome of an expression that went wrong. It makes the whole rule fail, so whoever meets it passes it on. */
export const ERROR: unique symbol = Symbol('error');

/** What `val()` gives for a node with children: present, and equal to nothing. */
export const INNER: unique symbol = Symbol('node with children');

/**
 * What expressions have as values while rules are evaluated. Objects are parts of `auth`: JSON. Errors are values rather than
 * exceptions, because rules that fail on null are ordinary.
 */
export type Value = boolean | number | string | null | object | typeof ERROR | typeof INNER;

/** `==`. Values of different types differ; NaN and nodes with children equal nothing, themselves included. */
export function sameValue(a: Value, b: Value): boolean {
  return a === b && typeof a !== 'symbol';
}

/**
 * The property of a claim. Null for absence and for anything without properties; inherited ones do not exist, nor does the
 * length of a list.
 */
export function propertyOf(object: unknown, key: string): Value {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, key)) return null;
  if (Array.isArray(object) && key === 'length') return null;
  return asValue((object as Readonly<Record<string, unknown>>)[key]);
}

function asValue(value: unknown): Value {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
      return value;
    default:
      return typeof value === 'object' ? value : null;
  }
}
