import { readChildKey, writeChildKey } from './child-key.js';

/** Where a record stands: under `key` in the map whose node id is `id`. An empty `key` stands before every child. */
export interface NodeKey {
  id: number;
  key: string;
}

export const ID_BYTES = 8;

/** The id under which the root's own record is kept, with the empty key; maps have ids from 1. */
export const ROOT_ID = 0;

/** Where everybody finds the root's record. */
export const VISIBLE_ROOT: NodeKey = { id: ROOT_ID, key: '' };

/** Writes a node id so that byte order is numeric order. Ids are below 2^53. Returns the end. */
export function writeId(id: number, target: Uint8Array, start: number): number {
  const high = Math.floor(id / 0x100000000);
  target[start] = high >>> 24;
  target[start + 1] = high >>> 16;
  target[start + 2] = high >>> 8;
  target[start + 3] = high;
  target[start + 4] = id >>> 24;
  target[start + 5] = id >>> 16;
  target[start + 6] = id >>> 8;
  target[start + 7] = id;
  return start + ID_BYTES;
}

export function readId(source: Uint8Array, start: number): number {
  let id = 0;
  for (let index = start; index < start + ID_BYTES; index++) id = id * 256 + source[index]!;
  return id;
}

/** How the database of nodes writes and reads its keys. Reading yields the child key alone: a scan stays below one id. */
export const NODE_KEY_ENCODER: {
  writeKey(key: NodeKey, target: Uint8Array, start: number): number;
  readKey(source: Uint8Array, start: number, end: number): string;
} = {
  writeKey(key, target, start) {
    return writeChildKey(key.key, target, writeId(key.id, target, start));
  },
  readKey(source, start, end) {
    return readChildKey(source, start + ID_BYTES, end);
  },
};

/** The same keys, read whole. */
export const PLACE_ENCODER: {
  writeKey(key: NodeKey, target: Uint8Array, start: number): number;
  readKey(source: Uint8Array, start: number, end: number): NodeKey;
} = {
  writeKey: NODE_KEY_ENCODER.writeKey,
  readKey(source, start, end) {
    return { id: readId(source, start), key: readChildKey(source, start + ID_BYTES, end) };
  },
};
