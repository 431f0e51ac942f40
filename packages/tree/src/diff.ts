import { type Change, orderAsOneStep } from './change.js';
import { MapNode, type Node, nodesEqual } from './node.js';
import { type Path, PRIORITY_KEY } from './path.js';

/**
 * The changes, relative to the two nodes, that make `after` of `before`: none if they are equal, and as deep as both are maps.
 * Their paths are disjoint; applied in order they give `after` exactly. A leaf whose priority changed is replaced whole; the
 * priority of a map is a change of its own.
 */
export function diffNodes(before: Node, after: Node): Change[] {
  const changes: Change[] = [];
  collect(changes, [], [before, after]);
  return orderAsOneStep(changes);
}

function collect(changes: Change[], path: Path, [before, after]: readonly [Node, Node]): void {
  if (before === after) return;
  if (!(before instanceof MapNode) || !(after instanceof MapNode)) {
    if (!nodesEqual(before, after)) changes.push({ path, value: after });
    return;
  }
  for (const key of before.children.keys()) {
    if (!after.children.has(key)) changes.push({ path: [...path, key], value: null });
  }
  for (const [key, child] of after.children) {
    const old = before.children.get(key) ?? null;
    if (old !== child) collect(changes, [...path, key], [old, child]);
  }
  if (before.priority !== after.priority) changes.push({ path: [...path, PRIORITY_KEY], value: after.priority });
}
