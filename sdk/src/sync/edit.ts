import {
  type Change,
  childOf,
  getAt,
  isMap,
  isPrefix,
  MapNode,
  type Node,
  nodesEqual,
  type Path,
  type PresentNode,
  type Priority,
  priorityOf,
  withPriority,
} from '@backside/tree';
import { BucketedChildren } from './bucketed-children.js';

/** The tree with the node at `path` replaced; the very same tree if that changes nothing. */
export function replaceAt(node: Node, path: Path, value: Node): Node {
  const before = getAt(node, path);
  return before === value || nodesEqual(before, value) ? node : setAt(node, path, value);
}

/** As the tree's own function of that name, but cheap for nodes with many children. */
function setAt(node: Node, path: Path, value: Node, depth = 0): Node {
  if (depth === path.length) return value;
  const key = path[depth] as string;
  if (key === '.priority') return withPriority(node, value as Priority);
  const before = childOf(node, key);
  const after = setAt(before, path, value, depth + 1);
  if (after === before) return node;
  const children = BucketedChildren.replace(isMap(node) ? node.children : EMPTY, key, after);
  return children.size === 0 ? null : new MapNode(children, priorityOf(node));
}

const EMPTY: ReadonlyMap<string, PresentNode> = new Map();

/** What of a tree a node in memory stands for. */
export interface Extent {
  readonly path: Path;
  /** Whether only some children are held, those of a query's window. */
  readonly partial: boolean;
}

/**
 * The node of an extent after a change anywhere in the tree; the same node if that does not concern it. Of a window only what is
 * certain is changed: a child that is given whole, or one that is held already.
 */
export function changeExtent(node: Node, { path, partial }: Extent, change: Change): Node {
  if (isPrefix(change.path, path)) {
    const value = getAt(change.value, path.slice(change.path.length));
    return nodesEqual(node, value) ? node : value;
  }
  if (!isPrefix(path, change.path)) return node;
  const relative = change.path.slice(path.length);
  if (partial && !isCertain(node, relative)) return node;
  return replaceAt(node, relative, change.value);
}

function isCertain(node: Node, relative: Path): boolean {
  const [key] = relative as readonly [string];
  if (relative.length === 1) return key !== '.priority';
  return childOf(node, key) !== null;
}

/** The children of a place in which the paths lie; null if one is the place itself or above it. */
export function childrenWith(paths: readonly Path[], place: Path): Set<string> | null {
  const keys = new Set<string>();
  for (const path of paths) {
    if (isPrefix(path, place)) return null;
    if (isPrefix(place, path)) keys.add(path[place.length] as string);
  }
  return keys;
}

/** Whether two paths are the same, or one is above the other. */
export function overlaps(a: Path, b: Path): boolean {
  return a.length < b.length ? isPrefix(a, b) : isPrefix(b, a);
}
