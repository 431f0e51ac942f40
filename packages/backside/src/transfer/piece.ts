/** JSON as it was read; objects have no prototype, so that every key is data. */
export type JsonValue = null | boolean | number | string | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}

/** A part of a document: the whole value at a place below the document's root. Arrays are objects of their indexes. */
export interface Piece {
  readonly keys: readonly string[];
  readonly value: JsonValue;
}

/** Cuts pieces into one for each leaf, so that writing them replaces nothing that the document does not name. */
export function* leavesOf(pieces: Iterable<Piece>): Generator<Piece> {
  for (const { keys, value } of pieces) {
    if (typeof value !== 'object' || value === null || '.value' in value || '.sv' in value) {
      yield { keys, value };
      continue;
    }
    yield* leavesOf(Object.entries(value).map(([key, child]) => ({ keys: [...keys, key], value: child })));
  }
}

/** The body of an update that writes the pieces: values by relative path. */
export function updateBody(pieces: Iterable<Piece>): JsonObject {
  const body: JsonObject = Object.create(null);
  for (const { keys, value } of pieces) body[keys.join('/')] = value;
  return body;
}

/** The pieces as one value; no piece may be at the root or above another. */
export function nestedValue(pieces: Iterable<Piece>): JsonObject {
  const root: JsonObject = Object.create(null);
  for (const { keys, value } of pieces) {
    let object = root;
    for (const key of keys.slice(0, -1)) {
      object[key] ??= Object.create(null) as JsonObject;
      object = object[key] as JsonObject;
    }
    object[keys.at(-1)!] = value;
  }
  return root;
}
