import { isPriorityPath, layered, SparseTree, type TreeReader } from '@backside/tree';

/** A generation of the tail: what some successive commits change. */
export interface Layer {
  readonly tree: SparseTree;
  /** The revision of the last commit in it. */
  last: number;
  /** Bytes of its commits, in their encoded form. */
  bytes: number;
  /** How many held views read it, so that it must not change. */
  holders: number;
  /** Whether the next checkpoint is waited for: it can go then, and would stay for longer as part of a later one. */
  leaving: boolean;
}

export function newLayer(revision: number): Layer {
  return { tree: new SparseTree(), last: revision, bytes: 0, holders: 0, leaving: false };
}

/**
 * The same layers over `base`, with the latest joined so that each is more than twice as large as the one above it: however many
 * have come, there are few, and each commit was copied few times. What is joined is left as it was for those who hold it.
 */
export function consolidate(layers: readonly Layer[], base: TreeReader): readonly Layer[] {
  const below = [...layers];
  let top = below.pop();
  for (let next = below.at(-1); top && next && isJoinable(next, top); next = below.at(-1)) {
    below.pop();
    top = joined(next, top, layered(base, ...below.map(({ tree }) => tree)));
  }
  return top ? [...below, top] : below;
}

function isJoinable(lower: Layer, upper: Layer): boolean {
  return !lower.leaving && lower.bytes <= upper.bytes * 2;
}

/** What removes something hides it in every state that `beneath` may move to, whether or not it is there now. */
function joined(lower: Layer, upper: Layer, beneath: TreeReader): Layer {
  const layer = newLayer(upper.last);
  for (const { tree } of [lower, upper]) {
    for (const change of tree.changes()) {
      if (change.value === null && !isPriorityPath(change.path)) layer.tree.apply({ ...change, value: true }, beneath);
      layer.tree.apply(change, beneath);
    }
  }
  layer.bytes = lower.bytes + upper.bytes;
  return layer;
}
