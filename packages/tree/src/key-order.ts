/** Sorts before every key. No key can be spelled like it. */
export const MIN_KEY = '[MIN_NAME]';
/** Sorts after every key. */
export const MAX_KEY = '[MAX_NAME]';

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/**
 * The number that orders `key` if it counts as an integer: an optional minus, any zeros, at most ten digits, within 32 bits
 * signed. Otherwise null.
 */
export function integerKey(key: string): number | null {
  const negative = key.charCodeAt(0) === MINUS;
  const first = negative ? 1 : 0;
  if (key.length === first) return null;
  let value = 0;
  for (let i = first; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit < ZERO || unit > NINE) return null;
    value = value * 10 + (unit - ZERO);
    if (value > 0x80000000) return null;
  }
  if (negative) return value === 0 ? 0 : -value;
  return value > 0x7fffffff ? null : value;
}

/**
 * The order of keys: integers first, by number and then by length; the rest by UTF-16 code units. Where Firebase leaves a tie
 * between different spellings (`00` and `-0`), code units decide, so 0 means the same key.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (mayBeInteger(a) || mayBeInteger(b)) return compareSpecialKeys(a, b);
  return a < b ? -1 : 1;
}

/** The keys in order, in a new array. */
export function sortedKeys(keys: Iterable<string>): string[] {
  const list = Array.from(keys);
  if (isSorted(list)) return list;
  if (list.length < 16) return list.sort(compareKeys);
  const integers: string[] = [];
  const names: string[] = [];
  for (const key of list) (integerKey(key) === null ? names : integers).push(key);
  // Without a comparator, sort compares by code units, natively.
  return integers.sort(compareKeys).concat(names.sort());
}

/** Whether the keys come in order. */
export function isSorted(keys: Iterable<string>): boolean {
  let last: string = MIN_KEY;
  for (const key of keys) {
    if (compareKeys(last, key) > 0) return false;
    last = key;
  }
  return true;
}

/** Cheap first look: digits, a minus, or the bracket that the two sentinels begin with. */
function mayBeInteger(key: string): boolean {
  const unit = key.charCodeAt(0);
  return (unit <= NINE && (unit >= ZERO || unit === MINUS)) || unit === 0x5b;
}

function compareSpecialKeys(a: string, b: string): number {
  if (a === MIN_KEY || b === MAX_KEY) return -1;
  if (b === MIN_KEY || a === MAX_KEY) return 1;
  const aInteger = integerKey(a);
  const bInteger = integerKey(b);
  if (aInteger !== null) {
    if (bInteger === null) return -1;
    if (aInteger !== bInteger) return aInteger - bInteger;
    if (a.length !== b.length) return a.length - b.length;
  } else if (bInteger !== null) {
    return 1;
  }
  return a < b ? -1 : 1;
}
