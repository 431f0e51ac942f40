import type { Json, Path } from '@backside/tree';
import { createMemoryPrivateTree } from '../memory-private-tree.js';
import type { KeyRange, PrivateTree, PrivateValue } from '../private-tree.js';

/** A node that follows another's tree only when it writes or is told to: as late as a node can be. */
export class LaggingTree implements PrivateTree {
  readonly #shared: PrivateTree;
  readonly #local: PrivateTree = createMemoryPrivateTree();

  constructor(shared: PrivateTree) {
    this.#shared = shared;
  }

  read(path: Path): Json {
    return this.#local.read(path);
  }

  keys(path: Path, range?: KeyRange): string[] {
    return this.#local.keys(path, range);
  }

  async update(changes: readonly PrivateValue[], expect?: readonly PrivateValue[]): Promise<void> {
    await this.#shared.update(changes, expect);
    await this.refresh();
  }

  watch(path: Path, changed: () => void): () => void {
    return this.#local.watch(path, changed);
  }

  async refresh(): Promise<void> {
    await this.#local.update([{ path: [], value: this.#shared.read([]) }]);
  }
}
