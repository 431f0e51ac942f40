import type { Leaf } from '@backside/tree';
import { MAX_CHILD_KEY_BYTES, readChildKey, readCodeUnits, writeChildKey, writeCodeUnits } from './child-key.js';
import { ANY_MAP, type IndexedValue } from './indexed-value.js';
import { ID_BYTES, writeId } from './node-key.js';

/**
 * Where an entry of a secondary index stands: by index, by the split map whose children it orders, by the child's value
 * and by its key. Byte order is the order of queries, except among strings that are alike in their first
 * `INDEXED_UNITS` code units, which stand together in the order of their keys.
 */
export interface IndexKey {
  readonly index: number;
  readonly map: number;
  /** Undefined: before every value. */
  readonly value?: IndexedValue | undefined;
  /** With a `value` only; undefined: before every key of that value. */
  readonly key?: string | undefined;
  /** Without a `key`: after every key of that value, or after every value. */
  readonly last?: boolean | undefined;
}

/** How many UTF-16 code units of a string are indexed. Longer ones are put in order when they are read. */
const INDEXED_UNITS = 128;

const MAX_INDEX_KEY_BYTES = 2 * ID_BYTES + 1 + 3 * INDEXED_UNITS + 2 + MAX_CHILD_KEY_BYTES;

const TAG = { null: 1, false: 2, true: 3, number: 4, string: 5, map: 6, end: 0xff } as const;
/** After the units of a string: it ends here, or it goes on but is cut. The second sorts after the first. */
const STRING_END = 0;
const STRING_CUT = 1;
const ESCAPED_NUL = 0xff;
const AFTER_EVERY_KEY = 0xff;

const FLOAT = new DataView(new ArrayBuffer(8));

/** An entry as a scan of one index of one map reads it. */
export interface IndexEntry {
  readonly key: string;
  /** The value; of a string that was cut, what is left of it. */
  readonly value: IndexedValue;
  readonly isCut: boolean;
}

export function isCut(value: unknown): value is string {
  return typeof value === 'string' && value.length > INDEXED_UNITS;
}

export const INDEX_KEY_ENCODER: {
  writeKey(key: IndexKey, target: Uint8Array, start: number): number;
  readKey(source: Uint8Array, start: number, end: number): IndexEntry;
} = {
  writeKey(key, target, start) {
    const header = writeId(key.map, target, writeId(key.index, target, start));
    if (key.value === undefined) return key.last ? writeByte(TAG.end, target, header) : header;
    const position = writeIndexValue(key.value, target, header);
    if (key.key !== undefined) return writeChildKey(key.key, target, position);
    return key.last ? writeByte(AFTER_EVERY_KEY, target, position) : position;
  },
  readKey(source, start, end) {
    const at = start + 2 * ID_BYTES;
    const tag = source[at];
    if (tag === TAG.number) return entryOf(source, readNumber(source, at + 1), at + 9, end);
    if (tag === TAG.string) return readStringEntry(source, at + 1, end);
    return entryOf(source, tag === TAG.null ? null : tag === TAG.map ? ANY_MAP : tag === TAG.true, at + 1, end);
  },
};

function entryOf(source: Uint8Array, value: IndexedValue, keyStart: number, end: number): IndexEntry {
  return { key: readChildKey(source, keyStart, end), value, isCut: false };
}

/** A key of the index as bytes of its own. */
export function indexKeyBytes(key: IndexKey): Uint8Array {
  const bytes = Buffer.allocUnsafe(MAX_INDEX_KEY_BYTES);
  return bytes.subarray(0, INDEX_KEY_ENCODER.writeKey(key, bytes, 0));
}

function writeByte(byte: number, target: Uint8Array, position: number): number {
  target[position] = byte;
  return position + 1;
}

function writeIndexValue(value: IndexedValue, target: Uint8Array, start: number): number {
  if (value === null) return writeByte(TAG.null, target, start);
  if (typeof value === 'object') return writeByte(TAG.map, target, start);
  return writeLeaf(value, target, start);
}

function writeLeaf(value: Leaf, target: Uint8Array, start: number): number {
  if (typeof value === 'boolean') return writeByte(value ? TAG.true : TAG.false, target, start);
  if (typeof value === 'number') return writeNumber(value, target, writeByte(TAG.number, target, start));
  return writeString(value, target, writeByte(TAG.string, target, start));
}

/** An IEEE double in its sortable form: all bits inverted if it is negative, the sign bit alone if it is not. */
function writeNumber(value: number, target: Uint8Array, start: number): number {
  FLOAT.setFloat64(0, value === 0 ? 0 : value);
  const negative = FLOAT.getUint8(0) >= 0x80;
  for (let index = 0; index < 8; index++) {
    const byte = FLOAT.getUint8(index);
    target[start + index] = negative ? ~byte : index === 0 ? byte | 0x80 : byte;
  }
  return start + 8;
}

function writeString(value: string, target: Uint8Array, start: number): number {
  const cut = isCut(value);
  let position = start;
  for (const [index, piece] of (cut ? value.slice(0, INDEXED_UNITS) : value).split('\0').entries()) {
    if (index > 0) position = writeByte(ESCAPED_NUL, target, writeByte(0, target, position));
    position = writeCodeUnits(piece, target, position);
  }
  return writeByte(cut ? STRING_CUT : STRING_END, target, writeByte(0, target, position));
}

function readNumber(source: Uint8Array, start: number): number {
  const negative = source[start]! < 0x80;
  for (let index = 0; index < 8; index++) {
    const byte = source[start + index]!;
    FLOAT.setUint8(index, negative ? ~byte : index === 0 ? byte & 0x7f : byte);
  }
  return FLOAT.getFloat64(0);
}

function readStringEntry(source: Uint8Array, start: number, end: number): IndexEntry {
  let value = '';
  let from = start;
  for (;;) {
    const stop = source.indexOf(0, from);
    value += readCodeUnits(source, from, stop);
    from = stop + 2;
    const mark = source[stop + 1];
    if (mark !== ESCAPED_NUL) return { key: readChildKey(source, from, end), value, isCut: mark === STRING_CUT };
    value += '\0';
  }
}
