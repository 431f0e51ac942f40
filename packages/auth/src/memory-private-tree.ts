import { BacksideError } from '@backside/protocol';
import {
  applyChanges,
  getAt,
  isMap,
  isPrefix,
  type Json,
  keysInRange,
  type Node,
  nodeFromJson,
  nodesEqual,
  nodeToJson,
  type Path,
} from '@backside/tree';
import type { KeyRange, PrivateTree, PrivateValue } from './private-tree.js';

interface Watcher {
  readonly path: Path;
  readonly changed: () => void;
}

/** A private tree that lives and dies with the process. `PrivateTree`s of one `createMemoryPrivateTree` are one: hand it to several nodes. */
export function createMemoryPrivateTree(): PrivateTree {
  return new MemoryPrivateTree();
}

class MemoryPrivateTree implements PrivateTree {
  #root: Node = null;
  readonly #watchers = new Set<Watcher>();

  read(path: Path): Json {
    return nodeToJson(getAt(this.#root, path), 'val');
  }

  keys(path: Path, range: KeyRange = {}): string[] {
    const node = getAt(this.#root, path);
    if (!isMap(node)) return [];
    const { after, limit } = range;
    const start = after === undefined ? {} : { start: after, startExclusive: true };
    return Array.from(keysInRange(node.keys(), limit === undefined ? start : { ...start, limit }));
  }

  async update(changes: readonly PrivateValue[], expect: readonly PrivateValue[] = []): Promise<void> {
    const nodes = changes.map(({ path, value }) => ({ path, value: nodeFromJson(value) }));
    for (const { path, value } of expect) {
      if (!nodesEqual(getAt(this.#root, path), nodeFromJson(value))) throw new BacksideError('precondition-failed');
    }
    this.#root = applyChanges(this.#root, nodes);
    for (const watcher of this.#watchers) {
      if (changes.some(({ path }) => isPrefix(path, watcher.path) || isPrefix(watcher.path, path))) this.#tell(watcher);
    }
  }

  watch(path: Path, changed: () => void): () => void {
    const watcher = { path, changed };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  async refresh(): Promise<void> {}

  /** In a microtask: a watcher may itself update. */
  #tell(watcher: Watcher): void {
    queueMicrotask(() => {
      if (this.#watchers.has(watcher)) watcher.changed();
    });
  }
}
