import { BigMap, type PresentGlance } from './big-map.js';
import type { PresentNode } from './node.js';
import { asIndexValue, compareInOrder, type IndexValue, indexValueOf, type Order } from './order.js';
import type { Path } from './path.js';
import { inQueryDirection, inRange, keyRangeOf, limited, type Query } from './query.js';
import { glancePriority, materialise, type TreeReader } from './reader.js';

/**
 * The children of the node at `path` that the query chooses, whole, in its order. In key order this costs what the walk costs,
 * O(log n + answer) on a reader whose ranges do; other orders look at every child but keep and materialise only the chosen.
 */
export function readQuery(reader: TreeReader, path: Path, query: Query): [string, PresentNode][] {
  const chosen = query.order.by === 'key' ? walk(reader, path, query) : scan(reader, path, query);
  return chosen.map(([key, glance]) => [key, materialise(reader, [...path, key], glance)]);
}

function walk(reader: TreeReader, path: Path, query: Query): [string, PresentGlance][] {
  return inQueryDirection(Array.from(reader.children(path, keyRangeOf(query))), query);
}

interface Candidate {
  readonly key: string;
  readonly value: IndexValue;
  readonly glance: PresentGlance;
}

/** Beyond twice the limit, and this, candidates are cut down to the limit while scanning. */
const MIN_CUT = 1024;

function scan(reader: TreeReader, path: Path, query: Query): [string, PresentGlance][] {
  const cutAt = query.limit ? Math.max(MIN_CUT, 2 * query.limit.count) : Number.POSITIVE_INFINITY;
  let candidates: Candidate[] = [];
  for (const [key, glance] of reader.children(path)) {
    const value = glancedValue(reader, [...path, key], query.order, glance);
    if (!inRange(query, value, key)) continue;
    candidates.push({ key, value, glance });
    if (candidates.length >= cutAt) candidates = inOrder(candidates, query);
  }
  return inOrder(candidates, query).map(({ key, glance }) => [key, glance]);
}

function inOrder(candidates: Candidate[], query: Query): Candidate[] {
  const { order } = query;
  return limited(
    candidates.sort((a, b) => compareInOrder(order, a.value, a.key, b.value, b.key)),
    query,
  );
}

function glancedValue(reader: TreeReader, path: Path, order: Order, glance: PresentGlance): IndexValue {
  if (!(glance instanceof BigMap)) return indexValueOf(order, path[path.length - 1] as string, glance);
  if (order.by === 'child') return asIndexValue(reader.glance([...path, ...order.path]));
  return order.by === 'priority' ? glancePriority(glance) : glance;
}
