import { type Change, orderAsOneStep } from './change.js';
import { type Node, setAt } from './node.js';
import type { Path } from './path.js';
import type { TreeReader } from './reader.js';
import { SparseTree } from './sparse-tree.js';

/**
 * Changes of disjoint paths with the effect of `changes`, one after the other. Applying them twice is the same as once.
 *
 * With `base`, the tree that they are for, the effect is exactly theirs. Without it, the list is taken as one step: where a change
 * is overwritten by a later one, at its path or above, it never happened. The two differ only if the list empties a map or replaces
 * a leaf on the way and undoes that again: as one step, the map keeps its priority and the leaf its value.
 */
export function normalizeChanges(changes: Iterable<Change>, base?: TreeReader): Change[] {
  if (base === undefined) return asOneStep(changes);
  const overlay = new SparseTree();
  for (const change of changes) overlay.apply(change, base);
  return overlay.changes();
}

/** `value` is undefined where only something below is named. */
interface Named {
  value: Node | undefined;
  below: Map<string, Named> | undefined;
}

function asOneStep(changes: Iterable<Change>): Change[] {
  const root: Named = { value: undefined, below: undefined };
  for (const change of changes) name(root, change);
  const result: Change[] = [];
  collect(result, [], root);
  return orderAsOneStep(result);
}

function name(root: Named, { path, value }: Change): void {
  let current = root;
  for (let i = 0; i < path.length; i++) {
    if (current.value !== undefined) {
      current.value = setAt(current.value, path.slice(i), value);
      return;
    }
    const key = path[i] as string;
    current.below ??= new Map();
    let next = current.below.get(key);
    if (next === undefined) {
      next = { value: undefined, below: undefined };
      current.below.set(key, next);
    }
    current = next;
  }
  current.value = value;
  current.below = undefined;
}

function collect(changes: Change[], path: Path, named: Named): void {
  if (named.value !== undefined) changes.push({ path, value: named.value });
  for (const [key, below] of named.below ?? []) collect(changes, [...path, key], below);
}
