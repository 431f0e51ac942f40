import type { Change } from '../change.js';
import type { Json } from '../json.js';
import { compareKeys } from '../key-order.js';
import { type Leaf, MapNode, type Node, type Priority, PriorityLeaf } from '../node.js';
import type { Path } from '../path.js';
import type { Query } from '../query.js';

/**
 * The naive model: every node is a record of an optional leaf, children and a priority, changed in place, pruned by walking the whole
 * tree. It shares no code with the package but the order of keys.
 */
export interface Model {
  leaf: Leaf | null;
  priority: Priority;
  children: Record<string, Model>;
}

const blank = (): Model => ({ leaf: null, priority: null, children: Object.create(null) });

export function modelOf(node: Node): Model {
  const model = blank();
  if (node instanceof MapNode) {
    model.priority = node.priority;
    for (const [key, child] of node.children) model.children[key] = modelOf(child);
  } else if (node instanceof PriorityLeaf) {
    model.leaf = node.value;
    model.priority = node.priority;
  } else model.leaf = node;
  return model;
}

const exists = (model: Model): boolean => model.leaf !== null || Object.keys(model.children).length > 0;

function prune(model: Model): void {
  for (const key of Object.keys(model.children)) {
    const child = model.children[key] as Model;
    prune(child);
    if (!exists(child)) delete model.children[key];
  }
  if (!exists(model)) model.priority = null;
}

function find(model: Model, path: Path): Model | undefined {
  return path.reduce<Model | undefined>((at, key) => at?.children[key], model);
}

export function changeModel(root: Model, { path, value }: Change): void {
  if (path[path.length - 1] === '.priority') {
    const target = find(root, path.slice(0, -1));
    if (target !== undefined && exists(target)) target.priority = value as Priority;
    return;
  }
  if (value === null && find(root, path) === undefined) return;
  let at = root;
  for (const key of path) {
    at.leaf = null;
    at.children[key] ??= blank();
    at = at.children[key] as Model;
  }
  Object.assign(at, modelOf(value));
  prune(root);
}

export function exportModel(model: Model): Json {
  const object: Record<string, Json> = Object.create(null);
  if (model.leaf !== null) {
    if (model.priority === null) return model.leaf;
    object['.value'] = model.leaf;
  } else if (!exists(model)) return null;
  for (const [key, child] of Object.entries(model.children)) object[key] = exportModel(child);
  if (model.priority !== null) object['.priority'] = model.priority;
  return object;
}

/** Ranks and compares as the specification lists them, written out. */
function naiveCompare(a: Leaf | Model | null, b: Leaf | Model | null): number {
  const ranks = ['object', 'boolean', 'number', 'string'];
  const rank = (value: Leaf | Model | null): number =>
    value === null ? -1 : typeof value === 'object' ? 9 : ranks.indexOf(typeof value);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === -1 || rank(a) === 9) return 0;
  return (a as Leaf) < (b as Leaf) ? -1 : (a as Leaf) > (b as Leaf) ? 1 : 0;
}

/** The keys that a query chooses, in its order. */
export function queryModel(root: Model, { order, start: from, end: to, limit }: Query): string[] {
  const valueAt = (at: Model | undefined): Leaf | Model | null =>
    at === undefined || !exists(at) ? null : (at.leaf ?? at);
  const indexed = Object.entries(root.children).map(([name, child]) => {
    if (order.by === 'priority') return { name, value: child.priority };
    return { name, value: valueAt(order.by === 'child' ? find(child, order.path) : child) };
  });
  const compare = (
    a: (typeof indexed)[number],
    b: { value: Leaf | Model | null; name: string | undefined },
    none: number,
  ) => {
    if (order.by === 'key') return compareKeys(a.name, b.name ?? String(b.value));
    return naiveCompare(a.value, b.value) || (b.name === undefined ? none : compareKeys(a.name, b.name));
  };
  const keyOf = (given: { key?: string }): string | undefined => (order.by === 'key' ? undefined : given.key);
  const inside = indexed.filter((entry) => {
    const low = from ? compare(entry, { value: from.value, name: keyOf(from) }, from.inclusive ? 1 : -1) : 1;
    const high = to ? compare(entry, { value: to.value, name: keyOf(to) }, to.inclusive ? -1 : 1) : -1;
    return (low > 0 || (low === 0 && from?.inclusive)) && (high < 0 || (high === 0 && to?.inclusive));
  });
  const names = inside.sort((a, b) => compare(a, b, 0)).map(({ name }) => name);
  if (!limit) return names;
  return limit.from === 'first' ? names.slice(0, limit.count) : names.slice(-limit.count);
}
