import { type Change, getAt, isMap, isPriorityPath, type Node, orderAsOneStep, type Path, setAt } from '@backside/tree';
import { bindKeys, type Pattern, pathOf } from './pattern.js';
import { OVERSIZE, type Shadow, type ShadowNode } from './shadow.js';

/** A node that a pattern names and that a commit may have changed. */
export interface Touched {
  readonly pattern: Pattern;
  readonly keys: readonly string[];
  /** Orders what one commit touches, the same at every look. */
  readonly order: string;
  /** Those of the commit that lie at, below or above the node. */
  readonly changes: readonly Change[];
}

/** What the changes of one commit touch among the nodes of the patterns, in a fixed order. */
export function touchedNodes(changes: readonly Change[], patterns: Iterable<Pattern>, shadow: Shadow): Touched[] {
  const touched: Touched[] = [];
  for (const pattern of patterns) {
    const nodes = new Map<string, { keys: readonly string[]; changes: Change[] }>();
    for (const change of changes) {
      for (const keys of keysTouchedBy(change, pattern, shadow)) {
        const text = keys.join('/');
        const node = nodes.get(text);
        if (node === undefined) nodes.set(text, { keys, changes: [change] });
        else if (node.changes.at(-1) !== change) node.changes.push(change);
      }
    }
    for (const [text, node] of nodes) touched.push({ pattern, order: `${pattern.id}\n${text}`, ...node });
  }
  return touched.sort((a, b) => (a.order < b.order ? -1 : 1));
}

function* keysTouchedBy(change: Change, pattern: Pattern, shadow: Shadow): Generator<readonly string[]> {
  const ofPriority = isPriorityPath(change.path);
  const path = ofPriority ? change.path.slice(0, -1) : change.path;
  const keys = bindKeys(pattern, path);
  if (keys === null) return;
  if (path.length >= pattern.segments.length) {
    yield keys;
  } else if (!ofPriority) {
    yield* shadow.under(pattern, keys);
    yield* keysInside(change.value, pattern.segments.slice(path.length), keys);
  }
}

/** The nodes that the rest of a pattern names inside of a value. */
function* keysInside(
  value: Node,
  segments: readonly (string | null)[],
  keys: readonly string[],
): Generator<readonly string[]> {
  if (value === null) return;
  const [segment, ...rest] = segments;
  if (segment === undefined) yield keys;
  else if (segment !== null) yield* keysInside(getAt(value, [segment]), rest, keys);
  else if (isMap(value)) for (const [key, child] of value.children) yield* keysInside(child, rest, [...keys, key]);
}

/** The node after the changes that touch it. What is larger than the bound stays so until it is replaced as a whole. */
export function afterChanges(before: ShadowNode, { pattern, keys, changes }: Touched): ShadowNode {
  const path = pathOf(pattern, keys);
  const [first] = changes;
  if (first !== undefined && covers(first.path, path)) return getAt(first.value, path.slice(first.path.length));
  if (before === OVERSIZE) return OVERSIZE;
  const inside = changes.map((change) => ({ path: change.path.slice(path.length), value: change.value }));
  return orderAsOneStep(inside).reduce((node: Node, change) => setAt(node, change.path, change.value), before);
}

/** Whether a change at `changed` replaces the whole node at `path`. Changes of a commit are disjoint: then it is the only one. */
function covers(changed: Path, path: Path): boolean {
  return changed.length <= path.length && !isPriorityPath(changed);
}
