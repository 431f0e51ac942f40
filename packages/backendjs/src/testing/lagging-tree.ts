import { createMemoryPrivateTree, type PrivateTree, type PrivateValue } from '@backside/auth';
import type { Json, Path } from '@backside/tree';

/** A private tree as another node has it, which reads only what was there when it last wrote or refreshed. Nobody watches it. */
export class LaggingTree implements PrivateTree {
  readonly #whole: PrivateTree;
  readonly #known: PrivateTree = createMemoryPrivateTree();
  #first: (() => Promise<unknown>) | null = null;

  private constructor(whole: PrivateTree) {
    this.#whole = whole;
  }

  static async of(whole: PrivateTree): Promise<LaggingTree> {
    const tree = new LaggingTree(whole);
    await tree.refresh();
    return tree;
  }

  /** The next update is made only once `work`, which others do, is done. */
  delay(work: () => Promise<unknown>): void {
    this.#first = work;
  }

  read(path: Path): Json {
    return this.#known.read(path);
  }

  keys(...asked: Parameters<PrivateTree['keys']>): string[] {
    return this.#known.keys(...asked);
  }

  watch(): () => void {
    throw new Error('a lagging tree cannot be watched');
  }

  async update(changes: readonly PrivateValue[], expect?: readonly PrivateValue[]): Promise<void> {
    const first = this.#first;
    this.#first = null;
    await first?.();
    await this.#whole.update(changes, expect);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await this.#known.update([{ path: [], value: this.#whole.read([]) }]);
  }
}
