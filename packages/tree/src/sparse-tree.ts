import { type Change, orderAsOneStep } from './change.js';
import { childOf, makeMap, type Node } from './node.js';
import { type Path, PRIORITY_KEY } from './path.js';
import type { TreeReader } from './reader.js';
import { countOverlay, OpenMap, type Overlay } from './sparse-node.js';
import { childrenOver, glanceOver, outlineOver } from './sparse-read.js';
import { writeOverlay } from './sparse-write.js';

/**
 * A mutable overlay of changes over a tree that it does not hold. Seen through `over(base)` it is exactly the tree that `setAt`
 * makes of the materialised base with the same changes in the same order.
 *
 * The base may move forward under the overlay, to any state that already contains some first part of the overlay's changes:
 * the view stays the same. Any other change of the base is not allowed while the overlay holds changes.
 *
 * Costs: a change takes time proportional to its depth and its value, never to the number of its siblings or of the nodes that it
 * removes; ordered walks find their start in O(log n). Nothing of the base is materialised. Do not apply changes during a walk.
 */
export class SparseTree {
  #root: Overlay | undefined;

  /** Adds a change. `base` is what lies under this overlay at this moment. */
  apply(change: Change, base: TreeReader): void {
    this.#root = writeOverlay(this.#root, change, base);
  }

  /** Both as one tree. The view follows later changes of either. */
  over(base: TreeReader): TreeReader {
    return {
      glance: (path) => glanceOver(this.#locate(path), path, base),
      outline: (path) => outlineOver(this.#locate(path), path, base),
      children: (path, range) => childrenOver(this.#locate(path), { path, base, range: range ?? {} }),
    };
  }

  clear(): void {
    this.#root = undefined;
  }

  /** How many nodes this overlay holds; a removal counts as one. */
  get size(): number {
    return countOverlay(this.#root);
  }

  isEmpty(): boolean {
    return this.#root === undefined;
  }

  /** The keys directly below `path` at or below which this overlay may change something; `all` if `path` is replaced whole. */
  touchedChildren(path: Path): Iterable<string> | 'all' {
    const overlay = this.#locate(path);
    if (overlay === undefined) return [];
    return overlay instanceof OpenMap && !overlay.complete ? overlay.allKeys() : 'all';
  }

  /** All that this overlay changes, as changes of disjoint paths; applied in order they have the effect of the overlay. */
  changes(): Change[] {
    const changes: Change[] = [];
    if (this.#root !== undefined) collectChanges(changes, [], this.#root);
    return orderAsOneStep(changes);
  }

  /** What the overlay says about `path`; undefined if the base shines through. */
  #locate(path: Path): Overlay | undefined {
    let current = this.#root;
    for (let i = 0; i < path.length && current !== undefined; i++) {
      const key = path[i] as string;
      current = current instanceof OpenMap ? current.get(key) : childOf(current, key);
    }
    return current;
  }
}

/** Overlays over a base, the last one on top. */
export function layered(base: TreeReader, ...layers: readonly SparseTree[]): TreeReader {
  return layers.reduce((reader, layer) => layer.over(reader), base);
}

function collectChanges(changes: Change[], path: Path, overlay: Overlay): void {
  if (!(overlay instanceof OpenMap) || overlay.complete) {
    changes.push({ path, value: toNode(overlay) });
    return;
  }
  for (const [key, entry] of overlay.entries()) collectChanges(changes, [...path, key], entry);
  if (overlay.priority !== undefined) changes.push({ path: [...path, PRIORITY_KEY], value: overlay.priority });
}

function toNode(complete: Overlay): Node {
  if (!(complete instanceof OpenMap)) return complete;
  const entries = Array.from(complete.entries(), ([key, entry]): [string, Node] => [key, toNode(entry)]);
  return makeMap(entries, complete.priority ?? null);
}
