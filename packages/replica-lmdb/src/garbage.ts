import { type Environment, readMeta } from './environment.js';
import { type IndexKey, indexKeyBytes } from './index-key.js';
import { type NodeKey, readId } from './node-key.js';
import { SPLIT_MARK } from './record.js';

/** How many entries one slice of collecting deletes at most: some hundredths of a second of work. */
const SLICE_ENTRIES = 10_000;

const MAP = 'map';
const INDEX = 'index';
const NOTHING: Uint8Array = new Uint8Array(0);

/** Notes, inside a write transaction, that nothing leads to the map `id` any more; O(1), whatever is below it. */
export function detachMap(environment: Environment, id: number): void {
  environment.garbage.put({ id, key: MAP }, NOTHING);
}

/** Notes, inside a write transaction, that the index `id` is not used any more. */
export function detachIndex(environment: Environment, id: number): void {
  environment.garbage.put({ id, key: INDEX }, NOTHING);
}

/**
 * Deletes up to `SLICE_ENTRIES` entries of what is detached, inside a write transaction, and notes the maps that they lead
 * to. What a read transaction still reads stays until that ends.
 */
export function collectSlice(environment: Environment): void {
  let left = SLICE_ENTRIES;
  while (left > 0) {
    const found = firstGarbage(environment);
    if (!found) return;
    const deleted = found.key === MAP ? deleteMap(environment, found, left) : deleteIndex(environment, found, left);
    left -= deleted + 1;
  }
}

export function hasGarbage(environment: Environment): boolean {
  return firstGarbage(environment) !== null;
}

function firstGarbage(environment: Environment): NodeKey | null {
  for (const key of environment.garbage.getKeys({ start: { id: 0, key: '' }, limit: 1 })) return key;
  return null;
}

/** Deletes at most `limit` children of a detached map, then its index entries; returns how many entries went. */
function deleteMap(environment: Environment, place: NodeKey, limit: number): number {
  const { id } = place;
  const keys: string[] = [];
  const below: number[] = [];
  for (const { key, value } of environment.nodes.getRange({
    start: { id, key: '' },
    end: { id: id + 1, key: '' },
    limit,
  })) {
    keys.push(key);
    if (value[0] === SPLIT_MARK) below.push(readId(value, 1));
  }
  for (const key of keys) environment.nodes.remove({ id, key });
  for (const child of below) detachMap(environment, child);
  let deleted = keys.length;
  for (const index of readMeta(environment).indexes) {
    deleted += deleteEntries(
      environment,
      { index: index.id, map: id },
      { index: index.id, map: id + 1 },
      limit - deleted,
    );
  }
  if (deleted < limit) environment.garbage.remove(place);
  return deleted;
}

function deleteIndex(environment: Environment, place: NodeKey, limit: number): number {
  const deleted = deleteEntries(environment, { index: place.id, map: 0 }, { index: place.id + 1, map: 0 }, limit);
  if (deleted < limit) environment.garbage.remove(place);
  return deleted;
}

function deleteEntries(environment: Environment, from: IndexKey, to: IndexKey, limit: number): number {
  if (limit <= 0) return 0;
  const range = { start: indexKeyBytes(from), end: indexKeyBytes(to), limit };
  const keys = [...environment.indexBytes.getKeys(range)];
  for (const key of keys) environment.indexBytes.remove(key);
  return keys.length;
}
