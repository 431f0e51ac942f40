import type { Json } from './json.js';
import { integerKey } from './key-order.js';
import { type Leaf, MapNode, type Node } from './node.js';

/**
 * - `val`: as applications see data. No priorities; a map whose keys look like the indexes of an array, more than half of them
 *   present, is an array with null in its holes.
 * - `export`: nothing is lost. `.priority` in maps, `{".value", ".priority"}` for leaves that have one, never an array.
 */
export type Format = 'val' | 'export';

/** The node as JSON text. Keys come in key order, so equal nodes have equal text. Absence is `null`. */
export function encodeNode(node: Node, format: Format): string {
  if (node === null) return 'null';
  if (typeof node !== 'object') return encodeLeaf(node);
  if (node instanceof MapNode) return encodeMap(node, format);
  if (format === 'val') return encodeLeaf(node.value);
  return `{".value":${encodeLeaf(node.value)},".priority":${encodeLeaf(node.priority)}}`;
}

/** The node as JSON data, with the same shapes and the same order of keys as `encodeNode`. */
export function nodeToJson(node: Node, format: Format): Json {
  if (node === null) return null;
  if (typeof node !== 'object') return node === 0 ? 0 : node;
  if (node instanceof MapNode) return mapToJson(node, format);
  return format === 'val' ? node.value : { '.value': node.value, '.priority': node.priority };
}

/**
 * How long the array is that the map with these keys is shown as in `val` form; 0 if it is not shown as one.
 * `keys` must be in key order.
 */
export function arrayLength(keys: readonly string[]): number {
  const last = arrayIndex(keys[keys.length - 1] as string);
  if (last < 0 || last >= 2 * keys.length) return 0;
  for (const key of keys) if (arrayIndex(key) < 0) return 0;
  return last + 1;
}

/** The JSON text of a leaf. */
export function encodeLeaf(leaf: Leaf): string {
  return typeof leaf === 'string' ? quote(leaf) : leaf === 0 ? '0' : String(leaf);
}

/** Up to this length a look at each character is cheaper than a call of `JSON.stringify`. */
const SHORT = 40;

/** `text` as a JSON string. */
function quote(text: string): string {
  if (text.length > SHORT) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || unit >= 0xd800) return JSON.stringify(text);
  }
  return `"${text}"`;
}

function encodeMap(map: MapNode, format: Format): string {
  const length = format === 'val' ? shownLength(map) : 0;
  if (length > 0) return encodeArray(map, length);
  let text = '';
  for (const [key, child] of map.entries())
    text += `${text === '' ? '{' : ','}${quote(key)}:${encodeNode(child, format)}`;
  if (format === 'export' && map.priority !== null) text += `,".priority":${encodeLeaf(map.priority)}`;
  return `${text}}`;
}

/** `arrayLength`, without sorting the keys of a map whose first one tells already. */
function shownLength(map: MapNode): number {
  for (const key of map.children.keys()) return arrayIndex(key) < 0 ? 0 : arrayLength(map.keys());
  return 0;
}

function encodeArray(map: MapNode, length: number): string {
  let text = '[';
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ',';
    text += encodeNode(map.children.get(String(i)) ?? null, 'val');
  }
  return `${text}]`;
}

function mapToJson(map: MapNode, format: Format): Json {
  const length = format === 'val' ? shownLength(map) : 0;
  if (length > 0) {
    return Array.from({ length }, (_, index) => nodeToJson(map.children.get(String(index)) ?? null, 'val'));
  }
  const object: { [key: string]: Json } = {};
  for (const [key, child] of map.entries()) define(object, key, nodeToJson(child, format));
  if (format === 'export' && map.priority !== null) object['.priority'] = map.priority;
  return object;
}

/** Plain assignment to `__proto__` would lose the value. */
function define(object: { [key: string]: Json }, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** The array index that `key` spells canonically (`0`, `17`; not `01`); -1 if none. */
function arrayIndex(key: string): number {
  const unit = key.charCodeAt(0);
  if (unit < 0x30 || unit > 0x39 || (unit === 0x30 && key.length > 1)) return -1;
  return integerKey(key) ?? -1;
}
