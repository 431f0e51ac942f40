import { outlineOf, type Path, readNode, type TreeReader } from '@backside/tree';
import type { FunctionStore } from './function-store.js';
import { type Pattern, pathOf } from './pattern.js';
import { PLACES } from './places.js';
import type { Shadow } from './shadow.js';

/** Nodes, and characters of them, that one write of the shadow holds about. */
const MAX_NODES = 500;
const MAX_CHARACTERS = 1024 * 1024;
/** Keys that are held while nodes are stored. */
const PAGE = 500;

export interface FillOptions {
  readonly reader: TreeReader;
  readonly store: FunctionStore;
  readonly shadow: Shadow;
}

/**
 * Copies the nodes that a pattern names, as they are now. The tree may move on meanwhile: once the commits that were made since the call
 * are applied to the shadow as well it is exact.
 */
export async function fillShadow(pattern: Pattern, { reader, store, shadow }: FillOptions): Promise<void> {
  await store.write([{ path: PLACES.shadow(pattern.id, []), value: null }]);
  const flush = async (): Promise<void> => {
    const changes = shadow.changes();
    shadow.clear();
    if (changes.length > 0) await store.write(changes);
  };
  for (const keys of presentKeys(reader, pattern)) {
    const node = readNode(reader, pathOf(pattern, keys));
    if (node === null) continue;
    shadow.set(pattern, keys, node);
    if (shadow.count >= MAX_NODES || shadow.size > MAX_CHARACTERS) await flush();
  }
  await flush();
}

/** The keys of the nodes that a pattern names. The tree may change between two of them. */
function* presentKeys(
  reader: TreeReader,
  pattern: Pattern,
  above: { readonly path: Path; readonly keys: readonly string[] } = { path: [], keys: [] },
): Generator<readonly string[]> {
  const { path, keys } = above;
  if (path.length === pattern.segments.length) {
    yield keys;
    return;
  }
  const segment = pattern.segments[path.length] as string | null;
  if (segment !== null) {
    const below = [...path, segment];
    if (outlineOf(reader, below) !== null) yield* presentKeys(reader, pattern, { path: below, keys });
    return;
  }
  for (let page = pageOf(reader, path); page.length > 0; page = pageOf(reader, path, page.at(-1))) {
    for (const key of page) yield* presentKeys(reader, pattern, { path: [...path, key], keys: [...keys, key] });
  }
}

function pageOf(reader: TreeReader, path: Path, after?: string): string[] {
  const start = after === undefined ? {} : { start: after, startExclusive: true };
  return Array.from(reader.children(path, { ...start, limit: PAGE }), ([key]) => key);
}
