import { compareKeys, MAX_KEY, MIN_KEY } from './key-order.js';
import type { KeyRange } from './key-range.js';
import { type Leaf, MapNode, makeMap, type Node, type PresentNode } from './node.js';
import { compareValues, type IndexValue, indexValueOf, type Order, sortedEntries } from './order.js';
import { nodeChildren } from './reader.js';

/**
 * One end of a range: the pair of an index value and a key. In key order `value` is the key and `key` is not used.
 * Without `key` an inclusive bound takes all children that have the value, an exclusive one none of them.
 * A null value is a bound like any other.
 */
export interface Bound {
  readonly value: Leaf | null;
  readonly key?: string;
  readonly inclusive: boolean;
}

/** Which children of a node, and in which order. The limit counts after the range. */
export interface Query {
  readonly order: Order;
  readonly start?: Bound;
  readonly end?: Bound;
  readonly limit?: { readonly count: number; readonly from: 'first' | 'last' };
}

/** Whether the query only orders: then it chooses the whole node. */
export function isDefaultQuery(query: Query): boolean {
  return query.start === undefined && query.end === undefined && query.limit === undefined;
}

/** Whether a child with this index value and key is between the query's bounds. */
export function inRange(query: Query, value: IndexValue, key: string): boolean {
  const { order, start, end } = query;
  if (start !== undefined && !passes(compareWithBound(order, { value, key }, start, MIN_KEY, MAX_KEY), start))
    return false;
  return end === undefined || passes(-compareWithBound(order, { value, key }, end, MAX_KEY, MIN_KEY), end);
}

/** The chosen children of `node` in the order of the query; none of a leaf or of absence. */
export function queryEntries(node: Node, query: Query): [string, PresentNode][] {
  if (!(node instanceof MapNode)) return [];
  if (query.order.by === 'key') return inQueryDirection([...nodeChildren(node, keyRangeOf(query))], query);
  const { order } = query;
  const entries = sortedEntries(node, order);
  const chosen =
    query.start === undefined && query.end === undefined
      ? entries
      : entries.filter(([key, child]) => inRange(query, indexValueOf(order, key, child), key));
  return limited(chosen, query);
}

/**
 * What a listener to the query sees of `node`: the node itself if the query only orders, else a map of the chosen children,
 * without the node's own priority, and null for a leaf.
 */
export function applyQuery(node: Node, query: Query): Node {
  return isDefaultQuery(query) ? node : makeMap(queryEntries(node, query));
}

/** The walk that a query in key order is. With a limit from the end it goes backwards. */
export function keyRangeOf(query: Query): KeyRange {
  const { start, end, limit } = query;
  return {
    ...(start && {
      start: String(start.value),
      startExclusive: !start.inclusive,
    }),
    ...(end && { end: String(end.value), endExclusive: !end.inclusive }),
    ...(limit && { limit: limit.count, reverse: limit.from === 'last' }),
  };
}

/** The entries of a walk along `keyRangeOf(query)` in the query's own direction; may reverse them in place. */
export function inQueryDirection<Entry>(entries: Entry[], query: Query): Entry[] {
  return query.limit?.from === 'last' ? entries.reverse() : entries;
}

/** The first or last entries, if the query has a limit. */
export function limited<Entry>(entries: Entry[], { limit }: Query): Entry[] {
  if (limit === undefined || entries.length <= limit.count) return entries;
  return limit.from === 'first' ? entries.slice(0, limit.count) : entries.slice(-limit.count);
}

function compareWithBound(
  order: Order,
  child: { value: IndexValue; key: string },
  bound: Bound,
  inclusiveKey: string,
  exclusiveKey: string,
): number {
  if (order.by === 'key') return compareKeys(child.key, String(bound.value));
  const byValue = compareValues(child.value, bound.value);
  return byValue || compareKeys(child.key, bound.key ?? (bound.inclusive ? inclusiveKey : exclusiveKey));
}

function passes(order: number, bound: Bound): boolean {
  return order > 0 || (order === 0 && bound.inclusive);
}
