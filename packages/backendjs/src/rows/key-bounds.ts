import { compareKeys, type KeyRange } from '@backside/tree';
import { toText } from '../http/coercion.js';
import type { Condition } from './condition.js';
import { encodeKey } from './encode-key.js';

/** Sorts behind every key that begins with what stands before it. */
const BEHIND = '\uffff';

/** Times from 2001 to 2286 in milliseconds: among keys they are ordered as numbers are. */
const MILLISECONDS = /^\d{13}$/;

/**
 * The keys of a level among which all rows are that pass the conditions; some others may be there too. A level that joins columns is
 * bounded by the first.
 */
export function keyBounds(level: readonly string[], conditions: readonly Condition[]): KeyRange {
  const column = level[0] as string;
  let range: KeyRange = {};
  for (const condition of conditions) {
    if (condition.column === column) range = { ...range, ...boundOf(condition, level.length > 1) };
  }
  return range;
}

function boundOf({ operator, operand }: Condition, joined: boolean): KeyRange {
  const text = toText(operand);
  if (operator === 'begins_with') return text.startsWith('-') ? {} : prefixed(encodeKey(text));
  if (!joined) return {};
  if (operator === 'eq') return prefixed(`${encodeKey(text)}:`);
  if (!MILLISECONDS.test(text)) return {};
  if (operator === 'gt' || operator === 'ge') return { start: text };
  if (operator === 'lt' || operator === 'le') return { end: `${text}:${BEHIND}` };
  return {};
}

/** Keys that begin so. Those that are numbers come before all others, and none comes before its own beginning unless it is negative. */
function prefixed(prefix: string): KeyRange {
  return { start: prefix, end: `${prefix}${BEHIND}` };
}

export function within({ start, end }: KeyRange, key: string): boolean {
  return (start === undefined || compareKeys(start, key) <= 0) && (end === undefined || compareKeys(key, end) <= 0);
}
