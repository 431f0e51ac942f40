import type { Json, Path } from '@backside/tree';
import type { KeyRange, PrivateTree, PrivateValue } from '../private-tree.js';

const LATE_MS = 50;

/** A tree whose watches take hold as late as they may: when a refresh that was called after them resolves, and that takes its time. */
export class LateTree implements PrivateTree {
  readonly #tree: PrivateTree;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  read(path: Path): Json {
    return this.#tree.read(path);
  }

  keys(path: Path, range?: KeyRange): string[] {
    return this.#tree.keys(path, range);
  }

  update(changes: readonly PrivateValue[], expect?: readonly PrivateValue[]): Promise<void> {
    return this.#tree.update(changes, expect);
  }

  watch(path: Path, changed: () => void): () => void {
    let end: (() => void) | null = null;
    let ended = false;
    void this.refresh().then(() => {
      if (!ended) end = this.#tree.watch(path, changed);
    });
    return () => {
      ended = true;
      end?.();
    };
  }

  async refresh(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    await this.#tree.refresh();
  }
}
