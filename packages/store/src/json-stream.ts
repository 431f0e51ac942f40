import {
  BigMap,
  encodeNode,
  type Format,
  type Glance,
  isMap,
  type MapNode,
  type Path,
  type TreeReader,
} from '@backside/tree';

const ENCODER = new TextEncoder();

/** Characters gathered before a chunk is given out. */
const CHUNK_CHARACTERS = 64 * 1024;

/** Maps with fewer nodes are encoded at once. */
const WALK_FROM_NODES = 256;

/** An index of an array as it stands in a path: decimal, without leading zeros. */
const ARRAY_INDEX = /^(?:0|[1-9]\d*)$/;

/**
 * The node at `path` as JSON text in UTF-8, in chunks of about 64 KiB (longer where a single small subtree or leaf is). Holds
 * one chunk and one iterator per level, whatever the size of the tree. `reader` must not change until the iterator has ended.
 * The text is exactly what `encodeNode` makes of the whole node.
 */
export function* streamTreeJson(reader: TreeReader, path: Path, format: Format): Generator<Uint8Array, undefined> {
  let text = '';
  for (const piece of nodePieces(reader, path, reader.glance(path), format)) {
    text += piece;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield ENCODER.encode(text);
    text = '';
  }
  if (text !== '') yield ENCODER.encode(text);
}

function* nodePieces(reader: TreeReader, path: Path, node: Glance, format: Format): Generator<string, undefined> {
  if (!isLarge(node)) {
    yield encodeNode(node, format);
  } else if (format === 'val' && isArrayLike(reader, path)) {
    yield* arrayPieces(reader, path);
  } else {
    yield* mapPieces(reader, path, node, format);
  }
}

function isLarge(node: Glance): node is BigMap | MapNode {
  return node instanceof BigMap || (isMap(node) && node.count() >= WALK_FROM_NODES);
}

function* mapPieces(
  reader: TreeReader,
  path: Path,
  map: BigMap | MapNode,
  format: Format,
): Generator<string, undefined> {
  let lead = '{';
  for (const [key, child] of reader.children(path)) {
    yield `${lead}${JSON.stringify(key)}:`;
    yield* nodePieces(reader, [...path, key], child, format);
    lead = ',';
  }
  if (format === 'export' && map.priority !== null) yield `,".priority":${JSON.stringify(map.priority)}`;
  yield '}';
}

function* arrayPieces(reader: TreeReader, path: Path): Generator<string, undefined> {
  let next = 0;
  for (const [key, child] of reader.children(path)) {
    const holes = Number(key) - next;
    yield (next === 0 ? '[' : ',') + 'null,'.repeat(holes);
    yield* nodePieces(reader, [...path, key], child, 'val');
    next += holes + 1;
  }
  yield ']';
}

/** Whether `val` shows the map as an array. Integer keys sort first, so the last key mostly answers at once. */
function isArrayLike(reader: TreeReader, path: Path): boolean {
  let last = -1;
  for (const [key] of reader.children(path, { reverse: true, limit: 1 })) last = arrayIndex(key);
  if (last < 0) return false;
  let count = 0;
  for (const [key] of reader.children(path)) {
    if (arrayIndex(key) < 0) return false;
    count++;
  }
  return last < 2 * count;
}

function arrayIndex(key: string): number {
  return ARRAY_INDEX.test(key) ? Number(key) : -1;
}
