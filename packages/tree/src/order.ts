import { BigMap, type PresentGlance } from './big-map.js';
import { compareKeys } from './key-order.js';
import { getAt, type Leaf, leafValue, MapNode, type PresentNode, type Priority } from './node.js';
import type { Path } from './path.js';

/** What children are ordered by; ties are always broken by key. */
export type Order =
  | { readonly by: 'key' }
  | { readonly by: 'value' }
  | { readonly by: 'priority' }
  | { readonly by: 'child'; readonly path: Path };

/** Where a child stands in an order: null first, then booleans, numbers, strings, and maps, which are all equal. */
export type IndexValue = Leaf | MapNode | BigMap | null;

/** Priority, then key: how children come when no order is named. */
export const DEFAULT_ORDER: Order = { by: 'priority' };

/** Negative if `a` comes first, 0 if only keys can tell them apart. */
export function compareValues(a: IndexValue, b: IndexValue): number {
  const rank = valueRank(a) - valueRank(b);
  if (rank !== 0) return rank;
  if (a === b || a === null || b === null || typeof a === 'object' || typeof b === 'object') return 0;
  return a < b ? -1 : 1;
}

/** The value that `node`, a child with this key, is ordered by. In key order that is the key itself. */
export function indexValueOf(order: Order, key: string, node: PresentNode): IndexValue {
  switch (order.by) {
    case 'key':
      return key;
    case 'value':
      return asIndexValue(node);
    case 'priority':
      return glancedPriority(node);
    case 'child':
      return asIndexValue(getAt(node, order.path));
  }
}

/** A node or a large map as an index value. */
export function asIndexValue(glance: PresentGlance | null): IndexValue {
  return glance instanceof MapNode || glance instanceof BigMap ? glance : leafValue(glance);
}

/** Negative if child (`aValue`, `aKey`) comes before child (`bValue`, `bKey`); 0 only for the same child. */
export function compareInOrder(
  order: Order,
  aValue: IndexValue,
  aKey: string,
  bValue: IndexValue,
  bKey: string,
): number {
  return (order.by === 'key' ? 0 : compareValues(aValue, bValue)) || compareKeys(aKey, bKey);
}

/** The children of `map` in an order: by default priority, then key. */
export function sortedEntries(map: MapNode, order: Order = DEFAULT_ORDER): [string, PresentNode][] {
  const entries = map.keys().map((key): [string, PresentNode] => [key, map.children.get(key) as PresentNode]);
  if (order.by === 'key') return entries;
  const values = new Map<string, IndexValue>();
  let even = true;
  for (const [key, node] of entries) {
    const value = indexValueOf(order, key, node);
    if (value !== null) even = false;
    values.set(key, value);
  }
  // The sort is stable and the entries are in key order already.
  return even ? entries : entries.sort(([a], [b]) => compareValues(values.get(a) ?? null, values.get(b) ?? null));
}

function glancedPriority(node: PresentNode): Priority {
  return typeof node === 'object' ? node.priority : null;
}

function valueRank(value: IndexValue): number {
  switch (typeof value) {
    case 'boolean':
      return 1;
    case 'number':
      return 2;
    case 'string':
      return 3;
    default:
      return value === null ? 0 : 4;
  }
}
