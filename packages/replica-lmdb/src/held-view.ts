import { layered, type Path, type SparseTree, type TreeReader } from '@backside/tree';
import type { Snapshot } from './snapshot.js';

/** A snapshot under overlays none of which changes until it is released: one state of the tree, for as long as it is needed. */
export class HeldView {
  readonly snapshot: Snapshot;
  readonly reader: TreeReader;
  /** To be called once. */
  readonly release: () => void;
  readonly #layers: readonly SparseTree[];

  constructor(snapshot: Snapshot, layers: readonly SparseTree[], release: () => void) {
    this.snapshot = snapshot;
    this.reader = layered(snapshot, ...layers);
    this.#layers = layers;
    this.release = release;
  }

  /** The keys directly below `path` at or below which an overlay may change something; `all` if `path` is replaced whole. */
  touchedChildren(path: Path): ReadonlySet<string> | 'all' {
    return touchedChildren(this.#layers, path);
  }
}

/** What any of the overlays may change directly below `path`. */
export function touchedChildren(layers: readonly SparseTree[], path: Path): ReadonlySet<string> | 'all' {
  const keys = new Set<string>();
  for (const layer of layers) {
    const touched = layer.touchedChildren(path);
    if (touched === 'all') return 'all';
    for (const key of touched) keys.add(key);
  }
  return keys;
}
