import { compareInOrder, inRange, MAX_KEY, MIN_KEY, type Query } from '@backside/tree';
import type { EntryRange } from './environment.js';
import { type IndexEntry, type IndexKey, isCut } from './index-key.js';
import { type IndexedValue, indexedPath, indexedValueOfRecord } from './indexed-value.js';
import type { StoredIndex } from './meta.js';
import type { Snapshot } from './snapshot.js';

/** A child and the value that it is ordered by. */
export interface Candidate {
  readonly key: string;
  readonly value: IndexedValue;
}

/** The part of an index that a query is about. */
export interface IndexScan {
  readonly snapshot: Snapshot;
  readonly index: StoredIndex;
  /** The split map whose children are asked for. */
  readonly map: number;
  readonly query: Query;
}

/** Whether the query counts from its end. */
export function isReverse(query: Query): boolean {
  return query.limit?.from === 'last';
}

/** The children within the query's bounds, in its order, or backwards if it counts from its end. Its limit does not count here. */
export function* scanIndex(scan: IndexScan): Generator<Candidate, undefined> {
  const { snapshot, query } = scan;
  const range = { ...rangeOf(scan), transaction: snapshot.transaction };
  let run: IndexEntry[] = [];
  for (const entry of snapshot.environment.index.getKeys(range)) {
    if (run.length > 0 && !(entry.isCut && run[0]!.value === entry.value)) {
      yield* inOrder(scan, run);
      run = [];
    }
    if (entry.isCut) run.push(entry);
    else if (inRange(query, entry.value, entry.key)) yield entry;
  }
  yield* inOrder(scan, run);
}

/** Puts strings that agree in all that the index holds of them in order, by their whole values. */
function inOrder(scan: IndexScan, run: readonly IndexEntry[]): Candidate[] {
  const { snapshot, index, map, query } = scan;
  const path = indexedPath(index.definition);
  const whole = run.map(({ key }) => {
    const record = snapshot.read(map, key);
    return { key, value: record && indexedValueOfRecord(snapshot, record, path) };
  });
  const direction = isReverse(query) ? -1 : 1;
  return whole
    .filter(({ key, value }) => inRange(query, value, key))
    .sort((a, b) => direction * compareInOrder(query.order, a.value, a.key, b.value, b.key));
}

/** Leaves out no child that is within the query's bounds, and few others. */
function rangeOf({ index, map, query }: IndexScan): EntryRange<IndexKey> {
  const low = lowEnd({ index: index.id, map }, query.start);
  const high = highEnd({ index: index.id, map }, query.end);
  return isReverse(query)
    ? { start: high, end: low, inclusiveEnd: true, reverse: true }
    : { start: low, end: high, inclusiveEnd: true };
}

function lowEnd(place: { index: number; map: number }, bound: Query['start']): IndexKey {
  if (!bound) return place;
  const { value, key, inclusive } = bound;
  if (isCut(value)) return { ...place, value };
  const afterAll = key === MAX_KEY || (key === undefined && !inclusive);
  return { ...place, value, ...(afterAll ? { last: true } : key !== undefined && key !== MIN_KEY && { key }) };
}

function highEnd(place: { index: number; map: number }, bound: Query['end']): IndexKey {
  if (!bound) return { ...place, last: true };
  const { value, key, inclusive } = bound;
  if (isCut(value)) return { ...place, value, last: true };
  const beforeAll = key === MIN_KEY || (key === undefined && !inclusive);
  return { ...place, value, ...(!beforeAll && (key === undefined || key === MAX_KEY ? { last: true } : { key })) };
}
