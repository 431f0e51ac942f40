/**
 * Child keys as bytes whose order is the order of keys in the tree (specs of Firebase: integers first, by number, equal
 * numbers by length; then everything else by UTF-16 code units), so that LMDB's byte order is the order of iteration.
 *
 * An integer is a tag (no other key begins with a byte that low), its value as a sortable 32-bit number, the length of
 * its text, and the text itself unless that is the plain form (`7`, not `007`). Any other key has each UTF-16 code unit
 * written as one to three bytes, the way UTF-8 would write that code point; surrogates are not joined.
 */

const INTEGER_TAG = 1;
const INTEGER_PATTERN = /^-?0*[0-9]{1,10}$/;
const INT32_MIN = -2147483648;
const INT32_MAX = 2147483647;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** The most bytes that a key of at most 768 UTF-8 bytes takes: a pair of surrogates grows from four bytes to six. */
export const MAX_CHILD_KEY_BYTES = 1152;

/** Writes `key` at `start` and returns the end. The empty key, which no child has, takes no byte and so sorts first. */
export function writeChildKey(key: string, target: Uint8Array, start: number): number {
  const integer = integerOf(key);
  return integer === null ? writeCodeUnits(key, target, start) : writeInteger(key, integer, target, start);
}

/** The key that stands between `start` and `end`. */
export function readChildKey(source: Uint8Array, start: number, end: number): string {
  if (source[start] === INTEGER_TAG) return readInteger(source, start, end);
  return readCodeUnits(source, start, end);
}

/** Writes each UTF-16 code unit of `text` as one to three bytes; byte order is code unit order. Returns the end. */
export function writeCodeUnits(text: string, target: Uint8Array, start: number): number {
  let position = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      target[position++] = unit;
    } else if (unit < 0x800) {
      target[position++] = 0xc0 | (unit >> 6);
      target[position++] = 0x80 | (unit & 0x3f);
    } else {
      target[position++] = 0xe0 | (unit >> 12);
      target[position++] = 0x80 | ((unit >> 6) & 0x3f);
      target[position++] = 0x80 | (unit & 0x3f);
    }
  }
  return position;
}

/** The text that `writeCodeUnits` wrote between `start` and `end`. */
export function readCodeUnits(source: Uint8Array, start: number, end: number): string {
  for (let index = start; index < end; index++) {
    if (source[index]! >= 0x80) return readWideUnits(source, start, end);
  }
  return Buffer.prototype.latin1Slice.call(source, start, end);
}

function readWideUnits(source: Uint8Array, start: number, end: number): string {
  let text = '';
  let position = start;
  while (position < end) {
    const first = source[position++]!;
    if (first < 0x80) {
      text += String.fromCharCode(first);
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | (source[position++]! & 0x3f));
    } else {
      const high = (first & 0x0f) << 12;
      const middle = (source[position++]! & 0x3f) << 6;
      text += String.fromCharCode(high | middle | (source[position++]! & 0x3f));
    }
  }
  return text;
}

/** The number that the tree orders this key by, or null if it is not an integer-like key. */
function integerOf(key: string): number | null {
  const first = key.charCodeAt(0);
  if (first !== MINUS && !(first >= ZERO && first <= NINE)) return null;
  if (!INTEGER_PATTERN.test(key)) return null;
  const value = Number(key);
  return value >= INT32_MIN && value <= INT32_MAX ? value : null;
}

function writeInteger(key: string, value: number, target: Uint8Array, start: number): number {
  const sortable = value - INT32_MIN;
  target[start] = INTEGER_TAG;
  target[start + 1] = sortable >>> 24;
  target[start + 2] = sortable >>> 16;
  target[start + 3] = sortable >>> 8;
  target[start + 4] = sortable;
  target[start + 5] = key.length >> 8;
  target[start + 6] = key.length;
  return String(value) === key ? start + 7 : writeCodeUnits(key, target, start + 7);
}

function readInteger(source: Uint8Array, start: number, end: number): string {
  if (end > start + 7) return readCodeUnits(source, start + 7, end);
  const high = (source[start + 1]! << 8) | source[start + 2]!;
  const low = (source[start + 3]! << 8) | source[start + 4]!;
  return String(high * 0x10000 + low + INT32_MIN);
}
