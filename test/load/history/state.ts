import { isObject, type Json, type JsonObject, keysOf, withPut } from '../json-tree.js';

/** The relative paths that one commit or one event sets. */
export type Changes = ReadonlyMap<string, Json>;

/** A tree that is changed in place, beside which nothing of the server is needed. Emptied objects vanish. */
export class State {
  #value: Json;

  constructor(value: Json = null) {
    this.#value = structuredClone(value);
  }

  at(path: string): Json {
    let value = this.#value;
    for (const key of keysOf(path)) value = isObject(value) ? (value[key] ?? null) : null;
    return value;
  }

  put(path: string, value: Json): void {
    this.#value = withPut(this.#value, keysOf(path), structuredClone(value));
  }

  apply(changes: Changes): void {
    for (const [path, value] of changes) this.put(path, value);
  }
}

/** `/a/b` from any parts, with or without slashes; `/` for none. */
export function joinPaths(...parts: readonly string[]): string {
  return `/${parts.flatMap(keysOf).join('/')}`;
}

/** Whether one path is the other, or above or below it: then a change at one is a change of the other. */
export function overlap(a: string, b: string): boolean {
  const [short, long] = [keysOf(a), keysOf(b)].sort((x, y) => x.length - y.length);
  return short!.every((key, index) => key === long![index]);
}

/** JSON with sorted keys: equal texts for equal trees. */
export function canonical(value: Json): string {
  return JSON.stringify(value, (_key, part: Json) => (isObject(part) ? sorted(part) : part));
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
