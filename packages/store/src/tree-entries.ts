import {
  BigMap,
  type Change,
  isMap,
  type Path,
  PRIORITY_KEY,
  type PresentGlance,
  type TreeReader,
} from '@backside/tree';

/** Entries given out at once. */
const BATCH_ENTRIES = 1_000;

/**
 * The node at `path` taken apart as a `Checkpoint` has it: one change per leaf, with its priority, and one per map that has a priority,
 * in batches. Holds one batch and one iterator per level. `reader` must not change until the iterator has ended.
 */
export function* treeEntries(reader: TreeReader, path: Path = []): Generator<readonly Change[], undefined> {
  let batch: Change[] = [];
  const top = reader.glance(path);
  for (const entry of top === null ? [] : entriesBelow(reader, path, top)) {
    batch.push(entry);
    if (batch.length < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function* entriesBelow(reader: TreeReader, path: Path, node: PresentGlance): Generator<Change, undefined> {
  if (!(node instanceof BigMap || isMap(node))) {
    yield { path, value: node };
    return;
  }
  if (node.priority !== null) yield { path: [...path, PRIORITY_KEY], value: node.priority };
  const children = isMap(node) ? node.children : reader.children(path);
  for (const [key, child] of children) yield* entriesBelow(reader, [...path, key], child);
}
