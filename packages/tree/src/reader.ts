import { BigMap, type Glance, type PresentGlance } from './big-map.js';
import { type KeyRange, keysInRange } from './key-range.js';
import {
  asPriority,
  getAt,
  isMap,
  type Leaf,
  leafValue,
  makeMap,
  type Node,
  type PresentNode,
  type Priority,
} from './node.js';
import { isPriorityPath, type Path } from './path.js';

/**
 * A tree that is read in pieces. Synchronous; all reads of one reader see one state as long as nobody writes in between.
 * Paths name nodes: a reader need not understand `.priority` as the last key.
 */
export interface TreeReader {
  /** The node at `path`, or a `BigMap` in place of a large map. */
  glance(path: Path): Glance;
  /** The children of the node at `path` within the range, in key order; nothing for leaves and absence. */
  children(path: Path, range?: KeyRange): Iterable<[string, PresentGlance]>;
  /** As `glance`, where something cheaper is possible if any map may come as a `BigMap`: for who asks only what kind of node it is. */
  outline?(path: Path): Glance;
}

/** What kind of node stands at `path`: a leaf or nothing as `glance` gives them, or any map. */
export function outlineOf(reader: TreeReader, path: Path): Glance {
  return reader.outline ? reader.outline(path) : reader.glance(path);
}

/** A node, read in pieces. Nothing is a `BigMap`. */
export function nodeReader(node: Node): TreeReader {
  return {
    glance: (path) => getAt(node, path),
    children: (path, range) => nodeChildren(getAt(node, path), range),
  };
}

/** The children of a node within the range, in key order. */
export function* nodeChildren(node: Node, range?: KeyRange): Generator<[string, PresentNode]> {
  if (!isMap(node)) return;
  for (const key of keysInRange(node.keys(), range)) yield [key, node.children.get(key) as PresentNode];
}

/** The whole node at `path`, however large. */
export function readNode(reader: TreeReader, path: Path): Node {
  if (isPriorityPath(path)) return readPriority(reader, path.slice(0, -1));
  return materialise(reader, path, reader.glance(path));
}

/** The value of the leaf at `path`; null for a map or absence. A path that ends in `.priority` gives the priority. */
export function readLeaf(reader: TreeReader, path: Path): Leaf | null {
  if (isPriorityPath(path)) return readPriority(reader, path.slice(0, -1));
  const glance = outlineOf(reader, path);
  return glance instanceof BigMap ? null : leafValue(glance);
}

export function readPriority(reader: TreeReader, path: Path): Priority {
  return glancePriority(outlineOf(reader, path));
}

/** Whether there is a map at `path`. */
export function hasChildren(reader: TreeReader, path: Path): boolean {
  return isMapGlance(outlineOf(reader, path));
}

export function isMapGlance(glance: Glance): glance is BigMap | (PresentNode & object) {
  return glance instanceof BigMap || isMap(glance);
}

export function glancePriority(glance: Glance): Priority {
  return typeof glance === 'object' && glance !== null ? asPriority(glance.priority) : null;
}

/** `glance`, which stands at `path`, as a whole node. */
export function materialise(reader: TreeReader, path: Path, glance: PresentGlance): PresentNode;
export function materialise(reader: TreeReader, path: Path, glance: Glance): Node;
export function materialise(reader: TreeReader, path: Path, glance: Glance): Node {
  if (!(glance instanceof BigMap)) return glance;
  const entries: [string, Node][] = [];
  for (const [key, child] of reader.children(path)) {
    entries.push([key, child instanceof BigMap ? materialise(reader, [...path, key], child) : child]);
  }
  return makeMap(entries, glance.priority);
}
