import { BigMap, childOf, type Glance, isMap, isValidKey, type Node, type Path, type TreeReader } from '@backside/tree';

/**
 * One state of the tree, seen along the path of an operation: what stands on the path is read once. Everything else is reached by
 * walking nodes that are at hand; only where they are too large to be at hand is the reader asked.
 *
 * Made for every operation, so its fields are private to the compiler only: those with a # cost much more to set up.
 */
export class TreeView {
  private readonly source: { readonly tree: TreeReader };
  /** The keys of the operation. The owner may change it behind a depth that it has truncated to. */
  private readonly path: readonly string[];
  /** What stands after so many keys of the path; undefined where that is not known. What is not below `top` does not count. */
  private readonly known: (Glance | undefined)[] = [];
  private top = 0;
  /** From this depth on, nodes are found by walking down from `known`. */
  private pinned: number = Number.POSITIVE_INFINITY;
  /** Where all paths that are looked at are noted, if anywhere. */
  private readonly seen: Path[] | null;

  /** `source.tree` is asked for only when something is read. */
  constructor(source: { readonly tree: TreeReader }, path: readonly string[], seen: Path[] | null = null) {
    this.source = source;
    this.path = path;
    this.seen = seen;
  }

  /** What stands at `keys` below the first `depth` keys of the path. */
  look(depth: number, keys: readonly string[]): Glance {
    if (this.seen !== null) this.seen.push([...this.path.slice(0, depth), ...keys]);
    let at = this.at(depth);
    for (let i = 0; i < keys.length; i++) {
      if (isMap(at)) at = at.children.get(keys[i] as string) ?? null;
      else return at instanceof BigMap ? this.far(depth, keys) : null;
    }
    return at;
  }

  /** What stands after the first `depth` keys of the path. */
  at(depth: number): Glance {
    const known = depth < this.top ? this.known[depth] : undefined;
    if (known !== undefined) return known;
    const found = this.find(depth);
    this.keep(depth, found);
    return found;
  }

  /** The node after the first `depth` keys of the path is known to be this one, and so what is below it. */
  pin(depth: number, node: Node): void {
    this.enter(depth, node);
    this.pinned = depth;
  }

  /** Forgets what stood after `depth` keys and more: now it is this node. */
  enter(depth: number, node: Node): void {
    this.truncate(depth);
    this.keep(depth, node);
  }

  /** Forgets what stands after `depth` keys and more. */
  truncate(depth: number): void {
    if (this.top > depth) this.top = depth;
    if (this.pinned >= depth) this.pinned = Number.POSITIVE_INFINITY;
  }

  private keep(depth: number, glance: Glance): void {
    for (; this.top < depth; this.top++) this.known[this.top] = undefined;
    this.known[depth] = glance;
    if (this.top === depth) this.top++;
  }

  private find(depth: number): Glance {
    if (depth === 0) return this.source.tree.glance([]);
    const parent = depth > this.pinned ? this.at(depth - 1) : this.nearest(depth);
    if (parent instanceof BigMap) return this.source.tree.glance(this.path.slice(0, depth));
    return childOf(parent, this.path[depth - 1] as string);
  }

  /** What stands above `depth` if the whole way down to it is at hand; else some large map on the way. */
  private nearest(depth: number): Glance {
    const parent = depth <= this.top ? this.known[depth - 1] : undefined;
    if (parent !== undefined) return parent;
    const root = this.at(0);
    return root instanceof BigMap ? root : this.at(depth - 1);
  }

  private far(depth: number, keys: readonly string[]): Glance {
    for (const key of keys) if (!isValidKey(key)) return null;
    return this.source.tree.glance([...this.path.slice(0, depth), ...keys]);
  }
}
