import type { Change } from './change.js';
import { asPriority, childOf, isMap, makeMap, type Node, setAt, withPriority } from './node.js';
import { isPriorityPath, type Path } from './path.js';
import { isMapGlance, outlineOf, type TreeReader } from './reader.js';
import { countOverlay, OpenMap, type Overlay } from './sparse-node.js';

/** From this many children on, a complete map is opened rather than copied when something below it changes. */
const OPEN_ABOVE = 16;

/** One change on its way down an overlay. `depth` counts the keys to the node that the change names. */
interface Write {
  readonly path: Path;
  readonly depth: number;
  readonly value: Node;
  readonly ofPriority: boolean;
  readonly base: TreeReader;
}

/** The overlay after a change; `undefined` is an overlay that changes nothing. Open maps are changed in place. */
export function writeOverlay(
  root: Overlay | undefined,
  { path, value }: Change,
  base: TreeReader,
): Overlay | undefined {
  const ofPriority = isPriorityPath(path);
  const depth = ofPriority ? path.length - 1 : path.length;
  return write(
    {
      path,
      depth,
      value: ofPriority ? asPriority(value) : value,
      ofPriority,
      base,
    },
    root,
    0,
  );
}

function write(change: Write, current: Overlay | undefined, at: number): Overlay | undefined {
  if (current === undefined) return writeThrough(change, at);
  if (at === change.depth && !change.ofPriority) return change.value;
  if (current instanceof OpenMap) return writeOpen(change, current, at);
  if (isMap(current) && passesWideMap(change, current, at)) return writeOpen(change, OpenMap.of(current), at);
  return setAt(current, change.path.slice(at), change.value);
}

function writeOpen(change: Write, open: OpenMap, at: number): OpenMap | null {
  if (at === change.depth) {
    open.priority = asPriority(change.value);
    return open;
  }
  const key = change.path[at] as string;
  const before = open.get(key);
  const wasCount = before === null && open.complete ? 0 : countOverlay(before);
  const after = write(change, before, at + 1);
  if (after === undefined) return open;
  open.replace(key, { before, wasCount }, after);
  return after === null && isEmptied(open, change, at) ? null : open;
}

/** Whether a copying write would copy a wide map somewhere on the way. */
function passesWideMap({ path, depth }: Write, from: Node, at: number): boolean {
  let node = from;
  for (let i = at; i < depth && isMap(node); i++) {
    if (node.children.size > OPEN_ABOVE) return true;
    node = childOf(node, path[i] as string);
  }
  return false;
}

/** A change of what this overlay has not touched yet: `path` up to `at` keys shines through. */
function writeThrough(change: Write, at: number): Overlay | undefined {
  const { path, depth, value, base } = change;
  if (change.ofPriority) return writePriority(change, at);
  if (value === null) return outlineOf(base, path) === null ? undefined : hidden(change, at);
  for (let above = depth - 1; above >= at; above--) {
    const glance = outlineOf(base, path.slice(0, above));
    if (glance === null) continue;
    const rest = path.slice(above);
    if (!isMapGlance(glance)) return wrapped(change, { from: at, to: above }, setAt(glance as Node, rest, value));
    return wrapped(change, { from: at, to: above + 1 }, nested(rest.slice(1), value));
  }
  return nested(path.slice(at), value);
}

function writePriority(change: Write, at: number): Overlay | undefined {
  const { path, depth, value, base } = change;
  const glance = outlineOf(base, path.slice(0, depth));
  if (glance === null) return undefined;
  if (!isMapGlance(glance)) {
    return wrapped(change, { from: at, to: depth }, withPriority(glance as Node, asPriority(value)));
  }
  const open = OpenMap.sparse();
  open.priority = asPriority(value);
  return wrapped(change, { from: at, to: depth }, open);
}

/** Sparse maps from depth `from` down to the overlay that stands at depth `to`. */
function wrapped({ path }: Write, { from, to }: { from: number; to: number }, inner: Overlay): Overlay {
  let overlay = inner;
  for (let i = to - 1; i >= from; i--) overlay = OpenMap.around(path[i] as string, overlay);
  return overlay;
}

/** As `wrapped` around absence, which takes along the maps that it empties. */
function hidden(change: Write, at: number): Overlay {
  let overlay: Overlay = null;
  for (let i = change.depth - 1; i >= at; i--) {
    const open: OpenMap = OpenMap.around(change.path[i] as string, overlay);
    overlay = overlay === null && isEmptied(open, change, i) ? null : open;
  }
  return overlay;
}

function nested(path: Path, value: Node): Node {
  return path.reduceRight<Node>((node, key) => makeMap([[key, node]]), value);
}

/** Whether nothing is left to see of the map at depth `at`, one of whose children has just been removed. */
function isEmptied(open: OpenMap, { path, base }: Write, at: number): boolean {
  if (open.present > 0) return false;
  return open.complete || !hasSurvivor(open, path.slice(0, at), base);
}

/** Looks for an untouched child of the tree below, from the last one found onwards: amortised over all removals, one walk. */
function hasSurvivor(open: OpenMap, path: Path, base: TreeReader): boolean {
  const { survivor } = open;
  if (survivor !== undefined && !open.has(survivor)) return true;
  const range = survivor === undefined ? {} : { start: survivor, startExclusive: true };
  for (const [key] of base.children(path, range)) {
    if (open.has(key)) continue;
    open.survivor = key;
    return true;
  }
  return false;
}
