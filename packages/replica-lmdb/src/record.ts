import {
  encodeNode,
  isMap,
  type Leaf,
  MapNode,
  type PresentNode,
  type Priority,
  PriorityLeaf,
  priorityOf,
  sortedKeys,
} from '@backside/tree';
import { ID_BYTES, readId, writeId } from './node-key.js';

/**
 * What stands under one key of the database of nodes: either a whole small subtree (or a leaf of any size), packed as JSON
 * text in export form, or the mark of a map that is split, whose children are records under an id of their own.
 *
 * The first byte tells them apart. A packed record whose `val` form would read differently (it holds priorities, or a map
 * that is shown as an array) begins with a space, which JSON ignores; any other can be copied into either form as it is.
 */
export type StoredRecord = PackedRecord | SplitRecord;

/** A packed subtree. It is text until somebody looks into it: most are only passed on, or replaced. */
export class PackedRecord {
  readonly kind = 'packed';
  readonly text: string;
  /** Whether the `val` form is the same text. */
  readonly plain: boolean;
  #node: PresentNode | undefined;

  constructor(text: string, plain: boolean) {
    this.text = text;
    this.plain = plain;
  }

  /** Parsed at most once. */
  get node(): PresentNode {
    this.#node ??= parsePacked(this.text);
    return this.#node;
  }

  /** Whether it is a map without priorities, at a look at its first character. */
  get isPlainMap(): boolean {
    return this.plain && this.text.charCodeAt(0) === OPENING_BRACE;
  }
}

export interface SplitRecord {
  readonly kind: 'split';
  readonly id: number;
  readonly priority: Priority;
  /** Whether a child has a priority, or had one since the map was split. */
  readonly prioritised: boolean;
}

export const SPLIT_MARK = 1;
export const UNLIKE_MARK = 0x20;
const OPENING_BRACE = 0x7b;

const FLAGS_AT = 1 + ID_BYTES;
const PRIORITISED = 1;
const SPLIT_HEADER_BYTES = FLAGS_AT + 1;
const ARRAY_INDEX = /^(?:0|[1-9]\d*)$/;

/** The record of the first `size` bytes of a buffer, which may be overwritten afterwards. */
export function decodeRecord(bytes: Uint8Array, size: number): StoredRecord {
  if (bytes[0] === SPLIT_MARK) return decodeSplit(bytes, size);
  const plain = bytes[0] !== UNLIKE_MARK;
  return new PackedRecord(readText(bytes, plain ? 0 : 1, size), plain);
}

/** The record of bytes that begin with `SPLIT_MARK`. */
export function decodeSplit(bytes: Uint8Array, size: number): SplitRecord {
  const priority =
    size > SPLIT_HEADER_BYTES ? (JSON.parse(readText(bytes, SPLIT_HEADER_BYTES, size)) as Priority) : null;
  return { kind: 'split', id: readId(bytes, 1), priority, prioritised: bytes[FLAGS_AT] === PRIORITISED };
}

/** The node of bytes that do not begin with `SPLIT_MARK`. */
export function decodePacked(bytes: Uint8Array, size: number): PresentNode {
  return parsePacked(readText(bytes, 0, size));
}

/** The node that the text of a packed record describes. */
export function parsePacked(text: string): PresentNode {
  return nodeOfStored(JSON.parse(text) as StoredJson);
}

export function encodeSplit({ id, priority, prioritised }: SplitRecord): Uint8Array {
  const tail = priority === null ? '' : JSON.stringify(priority);
  const bytes = Buffer.allocUnsafe(SPLIT_HEADER_BYTES + Buffer.byteLength(tail));
  bytes[0] = SPLIT_MARK;
  bytes[writeId(id, bytes, 1)] = prioritised ? PRIORITISED : 0;
  bytes.write(tail, SPLIT_HEADER_BYTES);
  return bytes;
}

export function encodePacked({ text, plain }: PackedRecord): Uint8Array {
  return Buffer.from(plain ? text : ` ${text}`, 'utf8');
}

/** Any node packed, however long that becomes. */
export function packNode(node: PresentNode): PackedRecord {
  return new PackedRecord(encodeNode(node, 'export'), isPlain(node));
}

/** Whether both forms of the node are the same text. */
function isPlain(node: PresentNode): boolean {
  if (priorityOf(node) !== null) return false;
  if (!isMap(node)) return true;
  for (const child of node.children.values()) if (!isPlain(child)) return false;
  return !isArrayLike(node.children);
}

/** A non-empty map of packed children, which stand in its text in key order. */
export function packMap(children: ReadonlyMap<string, PackedRecord>, priority: Priority): PackedRecord {
  const members: string[] = [];
  let plain = priority === null;
  for (const key of sortedKeys(children.keys())) {
    const child = children.get(key)!;
    members.push(`${JSON.stringify(key)}:${child.text}`);
    plain &&= child.plain;
  }
  if (priority !== null) members.push(`".priority":${JSON.stringify(priority)}`);
  return new PackedRecord(`{${members.join(',')}}`, plain && !isArrayLike(children));
}

/** Whether the `val` form shows a map with these keys as an array. */
function isArrayLike(children: ReadonlyMap<string, unknown>): boolean {
  let last = -1;
  for (const key of children.keys()) {
    if (!ARRAY_INDEX.test(key)) return false;
    last = Math.max(last, Number(key));
  }
  return last < 2 * children.size;
}

function readText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.utf8Slice.call(bytes, start, end);
}

type StoredJson = Leaf | { readonly [key: string]: StoredJson };

/** The node of a text that was checked when it was written. */
function nodeOfStored(json: StoredJson): PresentNode {
  if (typeof json !== 'object') return json;
  if (Object.hasOwn(json, '.value'))
    return new PriorityLeaf(json['.value'] as Leaf, json['.priority'] as string | number);
  const children = new Map<string, PresentNode>();
  let priority: Priority = null;
  for (const key of Object.keys(json)) {
    if (key === '.priority') priority = json[key] as Priority;
    else children.set(key, nodeOfStored(json[key]!));
  }
  return new MapNode(children, priority);
}
