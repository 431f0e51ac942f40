import type { IndexDefinition } from '@backside/store';
import { BigMap, getAt, isMap, type Leaf, leafValue, type Node, type Path } from '@backside/tree';
import { type Draft, DraftMap } from './draft.js';
import type { RecordReader } from './environment.js';
import { PackedRecord, type StoredRecord } from './record.js';

/** Stands for every map: as values they are all equal, and sort last. */
export const ANY_MAP: BigMap = new BigMap();

/** By what an index orders a child. null: there is nothing at the child path. */
export type IndexedValue = Leaf | null | BigMap;

/** The child path that an index looks at; `[]` for the child itself. */
export function indexedPath({ by }: IndexDefinition): Path {
  return by === 'value' ? [] : by;
}

function indexedValueOfNode(node: Node, path: Path): IndexedValue {
  const found = getAt(node, path);
  return isMap(found) ? ANY_MAP : leafValue(found);
}

/** Reads from `records` as far as the path leads below `record`. */
export function indexedValueOfRecord(records: RecordReader, record: StoredRecord, path: Path): IndexedValue {
  if (record.kind === 'packed') return indexedValueOfNode(record.node, path);
  const [key, ...rest] = path;
  if (key === undefined) return ANY_MAP;
  const below = records.read(record.id, key);
  return below && indexedValueOfRecord(records, below, rest);
}

export function indexedValueOfDraft(draft: Draft, path: Path): IndexedValue {
  if (draft instanceof PackedRecord) return indexedValueOfNode(draft.node, path);
  if (!(draft instanceof DraftMap)) return indexedValueOfNode(draft, path);
  const [key, ...rest] = path;
  return key === undefined ? ANY_MAP : indexedValueOfDraft(draft.slot(key).draft, rest);
}
