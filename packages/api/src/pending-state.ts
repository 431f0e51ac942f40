import { type Change, layered, type Node, readNode, readPriority, SparseTree, type TreeReader } from '@backside/tree';

/**
 * The state that the next operation is computed on: the durable tree with everything under way on top. Holds two overlays,
 * so that the older one can be dropped as soon as all that it holds is durable, even if there is always something under way.
 */
export class PendingState {
  readonly #base: TreeReader;
  #older = new SparseTree();
  #newer = new SparseTree();
  /** Batches under way whose changes lie in the older overlay, and in the newer one. */
  #olderBatches = 0;
  #newerBatches = 0;
  #beneathNewer: TreeReader;
  #reader: TreeReader;

  constructor(base: TreeReader) {
    this.#base = base;
    this.#beneathNewer = layered(base, this.#older);
    this.#reader = layered(base, this.#older, this.#newer);
  }

  /** The state with everything that was applied here. */
  get reader(): TreeReader {
    return this.#reader;
  }

  apply(change: Change): void {
    this.#newer.apply(change, this.#olderBatches === 0 ? this.#base : this.#beneathNewer);
  }

  /** What was applied since the last call is a batch, and under way. */
  sealBatch(): void {
    this.#newerBatches += 1;
  }

  /** The oldest batch under way is part of the durable tree now. */
  batchIsDurable(): void {
    if (this.#olderBatches > 0) this.#olderBatches -= 1;
    else this.#newerBatches -= 1;
    if (this.#olderBatches === 0) this.#rotate();
  }

  /** Nothing is under way any more. */
  discard(): void {
    this.#older.clear();
    this.#newer.clear();
    this.#olderBatches = 0;
    this.#newerBatches = 0;
  }

  /** What stands at the path of each change. */
  priorOf(changes: readonly Change[]): Node[] {
    return changes.map(({ path }) =>
      path.at(-1) === '.priority' ? readPriority(this.reader, path.slice(0, -1)) : readNode(this.reader, path),
    );
  }

  #rotate(): void {
    this.#older.clear();
    if (this.#newerBatches === 0) {
      this.#newer.clear();
      return;
    }
    [this.#older, this.#newer] = [this.#newer, this.#older];
    this.#olderBatches = this.#newerBatches;
    this.#newerBatches = 0;
    this.#beneathNewer = layered(this.#base, this.#older);
    this.#reader = layered(this.#base, this.#older, this.#newer);
  }
}
