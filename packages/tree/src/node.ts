import { TreeError } from './error.js';
import { isSorted, sortedKeys } from './key-order.js';
import { type Path, PRIORITY_KEY } from './path.js';

export type Leaf = boolean | number | string;

/** Numbers come before strings; null is no priority. */
export type Priority = number | string | null;

/** A leaf that has a priority. A leaf without one is the bare JavaScript value. */
export class PriorityLeaf {
  readonly value: Leaf;
  readonly priority: number | string;

  constructor(value: Leaf, priority: number | string) {
    this.value = value;
    this.priority = priority;
  }
}

/** From this many children on, a map remembers its keys as an array even if they are in order already. */
const REMEMBER_KEYS_FROM = 32;

/** A non-empty map. Immutable: nobody may change `children` after construction. The order of `children` means nothing. */
export class MapNode {
  readonly children: ReadonlyMap<string, PresentNode>;
  readonly priority: Priority;
  #keys: readonly string[] | undefined;
  /** Whether `children` happens to iterate in key order. */
  #ordered: boolean | undefined;
  #count = 0;

  constructor(children: ReadonlyMap<string, PresentNode>, priority: Priority = null) {
    this.children = children;
    this.priority = priority;
  }

  /** The keys in key order; sorted at most once. */
  keys(): readonly string[] {
    if (this.#keys !== undefined) return this.#keys;
    const keys = this.#isOrdered() ? Array.from(this.children.keys()) : sortedKeys(this.children.keys());
    if (!this.#ordered || keys.length >= REMEMBER_KEYS_FROM) this.#keys = keys;
    return keys;
  }

  /** The children in key order. */
  entries(): Iterable<readonly [string, PresentNode]> {
    if (this.#isOrdered()) return this.children;
    return this.#sortedEntries();
  }

  *#sortedEntries(): Generator<readonly [string, PresentNode], undefined> {
    for (const key of this.keys()) yield [key, this.children.get(key) as PresentNode];
  }

  /** How many nodes there are, this one and all below; counted once. */
  count(): number {
    if (this.#count === 0) {
      let count = 1;
      for (const child of this.children.values()) count += countNodes(child);
      this.#count = count;
    }
    return this.#count;
  }

  #isOrdered(): boolean {
    this.#ordered ??= isSorted(this.children.keys());
    return this.#ordered;
  }
}

export type PresentNode = Leaf | PriorityLeaf | MapNode;

/** null is absence. */
export type Node = PresentNode | null;

export function isMap(node: unknown): node is MapNode {
  return node instanceof MapNode;
}

/** The value of a leaf; null for a map or absence. */
export function leafValue(node: Node): Leaf | null {
  if (typeof node !== 'object') return node;
  return node instanceof PriorityLeaf ? node.value : null;
}

export function priorityOf(node: Node): Priority {
  return typeof node !== 'object' || node === null ? null : node.priority;
}

/** The same value with another priority; absence stays absence. */
export function withPriority(node: Node, priority: Priority): Node {
  if (node === null || priorityOf(node) === priority) return node;
  if (node instanceof MapNode) return new MapNode(node.children, priority);
  const value = node instanceof PriorityLeaf ? node.value : node;
  return priority === null ? value : new PriorityLeaf(value, priority);
}

/** The number of nodes at and below `node`. */
export function countNodes(node: Node): number {
  if (node === null) return 0;
  return node instanceof MapNode ? node.count() : 1;
}

export function childOf(node: Node, key: string): Node {
  return node instanceof MapNode ? (node.children.get(key) ?? null) : null;
}

/** The node at `path` below `node`; the priority if the path ends in `.priority`. */
export function getAt(node: Node, path: Path): Node {
  let current = node;
  for (const key of path) {
    if (current === null) return null;
    current = key === PRIORITY_KEY ? priorityOf(current) : childOf(current, key);
  }
  return current;
}

/**
 * The tree with the node at `path` replaced; what it shares with the old tree is not copied.
 * Removing the last child removes the parents that this empties, with their priorities. A leaf that gets a child becomes a map
 * and keeps its priority. A path that ends in `.priority` changes only the priority, and nothing where there is no node.
 */
export function setAt(node: Node, path: Path, value: Node): Node {
  return setFrom(node, path, { at: 0, value, drafts: null });
}

/** Maps that nobody but their maker has yet, with what may be changed in them. */
export type Drafts = Map<MapNode, Map<string, PresentNode>>;

/** As `setAt`, but maps made with the same drafts before are changed in place: of many changes only the first copies a map. */
export function setInDraft(node: Node, { path, value }: { path: Path; value: Node }, drafts: Drafts): Node {
  return setFrom(node, path, { at: 0, value, drafts });
}

interface Target {
  readonly at: number;
  readonly value: Node;
  readonly drafts: Drafts | null;
}

function setFrom(node: Node, path: Path, target: Target): Node {
  const { at, value, drafts } = target;
  if (at === path.length) return value;
  const key = path[at] as string;
  if (key === PRIORITY_KEY) return withPriority(node, asPriority(value));
  const before = childOf(node, key);
  const after = setFrom(before, path, { at: at + 1, value, drafts });
  if (after === before) return node;
  const map = node instanceof MapNode ? node : null;
  const draft = map === null ? undefined : drafts?.get(map);
  const children = draft ?? new Map(map?.children);
  if (after === null) children.delete(key);
  else children.set(key, after);
  if (children.size === 0) return null;
  if (draft !== undefined) return node;
  const made = new MapNode(children, priorityOf(node));
  drafts?.set(made, children);
  return made;
}

/** `value` as the value of a `.priority` path. Throws `invalid-data` for anything that orders nothing. */
export function asPriority(value: Node): Priority {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new TreeError('invalid-data', 'a priority is a number, a string or null');
}

/** Same values, keys and priorities everywhere. */
export function nodesEqual(a: Node, b: Node): boolean {
  if (a === b) return true;
  if (a instanceof PriorityLeaf) {
    return b instanceof PriorityLeaf && a.value === b.value && a.priority === b.priority;
  }
  if (!(a instanceof MapNode) || !(b instanceof MapNode)) return false;
  if (a.children === b.children) return a.priority === b.priority;
  if (a.children.size !== b.children.size || a.priority !== b.priority) return false;
  for (const [key, child] of a.children) {
    const other = b.children.get(key);
    if (other === undefined || !nodesEqual(child, other)) return false;
  }
  return true;
}

/** A map of the entries that are not null; null if there are none. A key given twice has its last value. */
export function makeMap(entries: Iterable<readonly [string, Node]>, priority: Priority = null): Node {
  const children = new Map<string, PresentNode>();
  for (const [key, node] of entries) {
    if (node === null) children.delete(key);
    else children.set(key, node);
  }
  return children.size === 0 ? null : new MapNode(children, priority);
}
