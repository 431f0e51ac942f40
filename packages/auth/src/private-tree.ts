import type { Json, Path } from '@backside/tree';

/** What stands, or is to stand, at a path. */
export interface PrivateValue {
  readonly path: Path;
  /** null is absence. Data as trees hold it: no empty objects, no null inside; arrays are maps with decimal keys. */
  readonly value: Json;
}

export interface KeyRange {
  /** Only keys behind this one, which need not exist. */
  readonly after?: string | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

/**
 * The port to the private namespace of a database: a tree that no client path can name. Paths are keys below the part
 * that belongs to `auth`. Every node has all of it and follows the others.
 */
export interface PrivateTree {
  /** What this node knows to stand at `path`; at once. Own writes are readable when `update` has resolved. */
  read(path: Path): Json;

  /** The keys of the children at `path`, in the tree's key order. */
  keys(path: Path, range?: KeyRange): string[];

  /**
   * Makes all changes or none, provided that at the moment of the commit each `expect` stands where it says, whoever wrote
   * last on whatever node. No path of `changes` may lie at or below another.
   *
   * Resolves when the changes are durable and this node reads them. Rejects with `precondition-failed` if something else stood
   * where a value was expected, and nothing has changed then; other codes as the store has them.
   */
  update(changes: readonly PrivateValue[], expect?: readonly PrivateValue[]): Promise<void>;

  /**
   * Calls `changed` after each change at, above or below `path`, made on this or another node, once it is readable here. Several
   * changes may be told as one. Never called before `watch` returns nor after the returned function was called; must not throw.
   * On a node that has to ask others first a watch takes hold a little later, and what changes until then is not told: at the latest
   * when a `refresh` has resolved that was called after `watch`. Who may miss nothing looks again then.
   */
  watch(path: Path, changed: () => void): () => void;

  /** Afterwards `read` sees every update that had been acknowledged anywhere before this call. */
  refresh(): Promise<void>;
}
