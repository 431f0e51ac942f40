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
import { type Candidate, type IndexScan, isReverse, scanIndex } from './index-scan.js';
import { indexedPath } from './indexed-value.js';
import type { StoredIndex } from './meta.js';
import type { Snapshot } from './snapshot.js';
import type { Tail } from './tail.js';

/**
 * The children of the node at `path` that the query chooses, read through an index in O(log n + answer), with what the tail
 * has changed merged in. Null where that does not apply: no complete index orders these children that way, all of them
 * are asked for, or they are few or in memory anyway.
 */
export function queryByIndex(snapshot: Snapshot, tail: Tail, asked: { path: Path; query: Query }): [string, PresentNode][] | null {
  const { path, query } = asked;
  const index = isDefaultQuery(query) ? undefined : indexFor(snapshot.meta.indexes, path, query);
  if (!index) return null;
  const located = snapshot.locate(path);
  if (!('split' in located)) return null;
  const touched = tail.touchedOrder({ path, by: indexedPath(index.definition) });
  if (touched === null) return null;
  const scan = { snapshot, index, map: located.split.id, query };
  const fromTail = touched.scan(query, isReverse(query));
  const chosen = take(merge(query, untouched(scan, (key) => touched.has(key)), fromTail), query.limit?.count);
  const entries = chosen.map(({ key }): [string, PresentNode] => {
    const record = touched.has(key) ? null : snapshot.read(scan.map, key);
    return [key, record?.kind === 'packed' ? record.node : (readNode(tail.view, [...path, key]) as PresentNode)];
  });
  return isReverse(query) ? entries.reverse() : entries;
}

function indexFor(indexes: readonly StoredIndex[], path: Path, query: Query): StoredIndex | undefined {
  return indexes.find(({ complete, definition }) => complete && ordersBy(definition, query) && matchesPattern(definition.pattern, path));
}

function ordersBy({ by }: IndexDefinition, { order }: Query): boolean {
  if (by === 'value') return order.by === 'value';
  return order.by === 'child' && samePath(by, order.path);
}

function* untouched(scan: IndexScan, isTouched: (key: string) => boolean): Generator<Candidate, undefined> {
  for (const candidate of scanIndex(scan)) if (!isTouched(candidate.key)) yield candidate;
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
