import { type Change, layered, nodeReader, SparseTree, type TreeReader } from '@backside/tree';

const EMPTY: TreeReader = nodeReader(null);

/** A state that stays as it is until it is released. */
export interface HeldSnapshot {
  readonly reader: TreeReader;
  /** To be called once the reader is not needed any more; further calls do nothing. */
  release(): void;
}

interface Layer {
  readonly tree: SparseTree;
  /** What `tree` was made of, to be applied to the layer below when nobody holds that any more. */
  readonly changes: Change[];
}

/**
 * A tree in memory that can hold a snapshot at no cost: while one is held, changes go into a layer on top, and they sink
 * into the bottom layer once none is.
 */
export class SnapshotTree {
  #layers: Layer[] = [newLayer()];
  #reader: TreeReader = readerOf(this.#layers);
  /** Whether a snapshot that is still held reads the top layer. */
  #topHeld = false;
  #holders = 0;

  /** The state now; good until the next call of `apply`. */
  get reader(): TreeReader {
    return this.#reader;
  }

  apply(changes: readonly Change[]): void {
    if (this.#topHeld) this.#push();
    const top = this.#layers.at(-1)!;
    const base = readerOf(this.#layers.slice(0, -1));
    for (const change of changes) top.tree.apply(change, base);
    if (this.#layers.length > 1) top.changes.push(...changes);
  }

  hold(): HeldSnapshot {
    this.#holders++;
    this.#topHeld = true;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#release();
    };
    return { reader: this.#reader, release };
  }

  #push(): void {
    this.#layers = [...this.#layers, newLayer()];
    this.#reader = readerOf(this.#layers);
    this.#topHeld = false;
  }

  #release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#topHeld = false;
    const [bottom, ...above] = this.#layers;
    for (const layer of above) for (const change of layer.changes) bottom!.tree.apply(change, EMPTY);
    this.#layers = [bottom!];
    this.#reader = readerOf(this.#layers);
  }
}

function newLayer(): Layer {
  return { tree: new SparseTree(), changes: [] };
}

function readerOf(layers: readonly Layer[]): TreeReader {
  return layered(EMPTY, ...layers.map((layer) => layer.tree));
}
