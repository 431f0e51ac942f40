export type Json = null | boolean | number | string | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Sets what is below `keys`, in place where that is possible: models of load tests are large. Emptied objects vanish, as in the tree. */
export function withPut(node: Json, keys: readonly string[], value: Json): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const object = isObject(node) ? node : {};
  const child = withPut(object[key] ?? null, rest, value);
  if (child === null) delete object[key];
  else object[key] = child;
  return Object.keys(object).length === 0 ? null : object;
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

/** Of a path, with or without slashes around it. */
export function keysOf(path: string): string[] {
  return path.split('/').filter((key) => key !== '');
}
