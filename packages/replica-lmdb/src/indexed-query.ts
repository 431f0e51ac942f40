import { type IndexDefinition, matchesPattern } from '@backside/store';
import {
  compareInOrder,
  isDefaultQuery,
  type Path,
  type PresentNode,
  type Query,
  readNode,
  samePath,
} from '@backside/tree';
import { type Candidate, isReverse, scanIndex } from './index-scan.js';
import { indexedPath } from './indexed-value.js';
import type { StoredIndex } from './meta.js';
import { scanWithoutPriorities } from './priority-scan.js';
import type { SplitRecord } from './record.js';
import type { Snapshot } from './snapshot.js';
import type { Tail } from './tail.js';
import type { TouchedOrder } from './touched-order.js';

/** What is asked of which node. */
export interface Asked {
  readonly path: Path;
  readonly query: Query;
}

/** An order in which LMDB has the children of a map. */
interface OrderedMap {
  readonly map: SplitRecord;
  readonly by: Path | 'priority';
  /** The children within the query's bounds, in its direction. */
  readonly candidates: Iterable<Candidate>;
}

/**
 * The children that a query chooses, read in order in O(log n + answer), with what the tail has changed merged in. Null
 * where that does not apply: LMDB does not have the children in that order, all of them are asked for, or they are few or
 * in memory anyway.
 */
export function queryInOrder(snapshot: Snapshot, tail: Tail, asked: Asked): [string, PresentNode][] | null {
  const ordered = isDefaultQuery(asked.query) ? null : orderedMap(snapshot, asked);
  const touched = ordered && tail.touchedOrder({ path: asked.path, by: ordered.by });
  if (!ordered || !touched) return null;
  const { query, path } = asked;
  const merged = merge(query, untouched(ordered.candidates, touched), touched.scan(query, isReverse(query)));
  const entries = take(merged, query.limit?.count).map(({ key }): [string, PresentNode] => {
    const record = touched.has(key) ? null : snapshot.read(ordered.map.id, key);
    return [key, record?.kind === 'packed' ? record.node : (readNode(tail.view, [...path, key]) as PresentNode)];
  });
  return isReverse(query) ? entries.reverse() : entries;
}

function orderedMap(snapshot: Snapshot, { path, query }: Asked): OrderedMap | null {
  const index = indexFor(snapshot.meta.indexes, path, query);
  if (!index && query.order.by !== 'priority') return null;
  const located = snapshot.locate(path);
  if (!('split' in located)) return null;
  const map = located.split;
  if (index)
    return { map, by: indexedPath(index.definition), candidates: scanIndex({ snapshot, index, map: map.id, query }) };
  return map.prioritised ? null : { map, by: 'priority', candidates: scanWithoutPriorities(snapshot, map.id, query) };
}

function indexFor(indexes: readonly StoredIndex[], path: Path, query: Query): StoredIndex | undefined {
  return indexes.find(
    ({ complete, definition }) => complete && ordersBy(definition, query) && matchesPattern(definition.pattern, path),
  );
}

function ordersBy({ by }: IndexDefinition, { order }: Query): boolean {
  if (by === 'value') return order.by === 'value';
  return order.by === 'child' && samePath(by, order.path);
}

/** The candidates that the tail does not change. */
function* untouched(candidates: Iterable<Candidate>, touched: TouchedOrder): Generator<Candidate, undefined> {
  for (const candidate of candidates) if (!touched.has(candidate.key)) yield candidate;
}

/** Two sequences in the query's direction as one. */
function* merge(query: Query, base: Iterable<Candidate>, tail: Iterator<Candidate>): Generator<Candidate, undefined> {
  const direction = isReverse(query) ? -1 : 1;
  let next = tail.next();
  for (const candidate of base) {
    while (!next.done && direction * inOrder(query, next.value, candidate) < 0) {
      yield next.value;
      next = tail.next();
    }
    yield candidate;
  }
  while (!next.done) {
    yield next.value;
    next = tail.next();
  }
}

function inOrder({ order }: Query, a: Candidate, b: Candidate): number {
  return compareInOrder(order, a.value, a.key, b.value, b.key);
}

function take<Item>(items: Iterable<Item>, count: number = Number.POSITIVE_INFINITY): Item[] {
  const taken: Item[] = [];
  if (count === 0) return taken;
  for (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}
