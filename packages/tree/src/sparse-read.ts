import { BigMap, type Glance, type PresentGlance } from './big-map.js';
import { compareKeys } from './key-order.js';
import type { KeyRange } from './key-range.js';
import type { Priority } from './node.js';
import type { Path } from './path.js';
import { glancePriority, nodeChildren, outlineOf, type TreeReader } from './reader.js';
import { OpenMap, type Overlay } from './sparse-node.js';

/** What is seen at `path` where `overlay` stands over `base`. */
export function glanceOver(overlay: Overlay | undefined, path: Path, base: TreeReader): Glance {
  if (overlay === undefined) return base.glance(path);
  return overlay instanceof OpenMap ? new BigMap(openPriority(overlay, () => base.glance(path))) : overlay;
}

/** As `glanceOver`, by what `base` gives for less. */
export function outlineOver(overlay: Overlay | undefined, path: Path, base: TreeReader): Glance {
  if (overlay === undefined) return outlineOf(base, path);
  return overlay instanceof OpenMap ? new BigMap(openPriority(overlay, () => outlineOf(base, path))) : overlay;
}

interface Walk {
  readonly path: Path;
  readonly base: TreeReader;
  readonly range: KeyRange;
}

type Entry = [string, PresentGlance];

/** The children seen at `walk.path` where `overlay` stands over `walk.base`, in the range. */
export function childrenOver(overlay: Overlay | undefined, walk: Walk): Iterable<Entry> {
  if (overlay === undefined) return walk.base.children(walk.path, walk.range);
  if (!(overlay instanceof OpenMap)) return nodeChildren(overlay, walk.range);
  const entries = overlay.complete ? completeChildren(overlay, walk.range) : mergedChildren(overlay, walk);
  return walk.range.limit === undefined ? entries : take(entries, walk.range.limit);
}

function openPriority(open: OpenMap, below: () => Glance): Priority {
  if (open.priority !== undefined) return open.priority;
  return open.complete ? null : glancePriority(below());
}

function* completeChildren(open: OpenMap, range: KeyRange): Generator<Entry> {
  for (const key of open.keys(range)) {
    const child = present(open, key, null);
    if (child !== null) yield [key, child];
  }
}

/** Both in key order, the overlay's entry in place of the base's where both have the key. */
function* mergedChildren(open: OpenMap, walk: Walk): Generator<Entry> {
  const direction = walk.range.reverse ? -1 : 1;
  const own = open.keys(walk.range);
  let mine = own.next();
  for (const [key, child] of walk.base.children(walk.path, baseRange(open, walk.range))) {
    let order = mine.done ? 1 : compareKeys(mine.value, key) * direction;
    while (order < 0) {
      yield* entryOf(open, mine.value as string, null);
      mine = own.next();
      order = mine.done ? 1 : compareKeys(mine.value, key) * direction;
    }
    if (order > 0) {
      yield [key, child];
      continue;
    }
    yield* entryOf(open, key, child);
    mine = own.next();
  }
  for (; !mine.done; mine = own.next()) yield* entryOf(open, mine.value, null);
}

/** Each entry of the overlay can hide at most one child of the base, so this many of the base's are enough. */
function baseRange(open: OpenMap, range: KeyRange): KeyRange {
  return range.limit === undefined ? range : { ...range, limit: range.limit + open.size };
}

function* entryOf(open: OpenMap, key: string, below: Glance): Generator<Entry> {
  const child = present(open, key, below);
  if (child !== null) yield [key, child];
}

function present(open: OpenMap, key: string, below: Glance): PresentGlance | null {
  const entry = open.get(key) ?? null;
  return entry instanceof OpenMap ? new BigMap(openPriority(entry, () => below)) : entry;
}

function* take(entries: Iterable<Entry>, limit: number): Generator<Entry> {
  let taken = 0;
  if (limit <= 0) return;
  for (const entry of entries) {
    yield entry;
    if (++taken >= limit) return;
  }
}
