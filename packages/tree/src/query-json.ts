import { TreeError } from './error.js';
import type { Json } from './json.js';
import { MAX_KEY, MIN_KEY } from './key-order.js';
import type { Leaf } from './node.js';
import { DEFAULT_ORDER, type Order } from './order.js';
import { formatPath, isPriorityPath, isValidKey, parsePath } from './path.js';
import type { Bound, Query } from './query.js';

/** The parts of a query that each field says something of. */
const PARTS: ReadonlyMap<string, readonly ('start' | 'end' | 'limit')[]> = new Map([
  ['startAt', ['start']],
  ['startAfter', ['start']],
  ['endAt', ['end']],
  ['endBefore', ['end']],
  ['equalTo', ['start', 'end']],
  ['limitToFirst', ['limit']],
  ['limitToLast', ['limit']],
]);

/**
 * The query that an object like `{"orderBy": "age", "startAt": 18, "limitToFirst": 10}` describes. `orderBy` is `$key`, `$value`,
 * `$priority` (the default) or the path of a child; a bound (`startAt`, `startAfter`, `endAt`, `endBefore`, `equalTo`) is a value
 * or a pair `[value, key]`. Throws `invalid-query`, saying what is wrong; a field that is there but undefined is, lest a query become
 * wider than it was meant to be.
 */
export function parseQuery(json: unknown): Query {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('a query is an object');
  const { orderBy, ...fields } = json as { [name: string]: unknown };
  const order = 'orderBy' in json ? parseOrder(orderBy) : DEFAULT_ORDER;
  const parts = new Map<string, unknown>();
  const named = new Map<string, string>();
  for (const [name, given] of Object.entries(fields)) {
    const ofField = PARTS.get(name);
    if (ofField === undefined) throw invalid(`unknown field ${JSON.stringify(name)}`);
    for (const part of ofField) {
      if (named.has(part)) throw invalid(`both ${named.get(part)} and ${name}`);
      named.set(part, name);
      parts.set(part, part === 'limit' ? parseLimit(name, given) : parseBound(order, name, given));
    }
  }
  return { order, ...Object.fromEntries(parts) };
}

/** The object that `parseQuery` makes the query of. */
export function formatQuery(query: Query): Json {
  const { order, start, end, limit } = query;
  const object: { [key: string]: Json } = { orderBy: formatOrder(order) };
  if (start && end && isEqualTo(start, end)) object.equalTo = formatBound(start, '');
  else {
    if (start)
      object[start.inclusive ? 'startAt' : 'startAfter'] = formatBound(start, start.inclusive ? MIN_KEY : MAX_KEY);
    if (end) object[end.inclusive ? 'endAt' : 'endBefore'] = formatBound(end, end.inclusive ? MAX_KEY : MIN_KEY);
  }
  if (limit) object[limit.from === 'first' ? 'limitToFirst' : 'limitToLast'] = limit.count;
  return object;
}

/** The same text for the same query, however it was written. */
export function canonicalQuery(query: Query): string {
  return JSON.stringify(formatQuery(query));
}

function parseOrder(orderBy: unknown): Order {
  if (typeof orderBy !== 'string') throw invalid('orderBy is a string');
  if (orderBy === '$key' || orderBy === '$value' || orderBy === '$priority') {
    return { by: orderBy.slice(1) as 'key' | 'value' | 'priority' };
  }
  try {
    const path = parsePath(orderBy);
    if (path.length > 0 && !isPriorityPath(path)) return { by: 'child', path };
  } catch {
    // told as what follows
  }
  throw invalid('orderBy is not the path of a child');
}

function formatOrder(order: Order): string {
  return order.by === 'child' ? formatPath(order.path).slice(1) : `$${order.by}`;
}

function parseBound(order: Order, name: string, given: unknown): Bound {
  const inclusive = name !== 'startAfter' && name !== 'endBefore';
  if (!Array.isArray(given)) return { value: parseBoundValue(order, name, given), inclusive };
  const [first, key] = given as unknown[];
  const value = parseBoundValue(order, name, first);
  if (given.length !== 2 || typeof key !== 'string') throw invalid(`${name} is a value or [value, key]`);
  if (order.by === 'key') throw invalid(`${name} takes no second key when ordering by key`);
  if (!isBoundKey(key)) throw invalid(`${name} has an invalid key`);
  return { value, key, inclusive };
}

function isBoundKey(key: string): boolean {
  return key === MIN_KEY || key === MAX_KEY || isValidKey(key);
}

function parseBoundValue(order: Order, name: string, value: unknown): Leaf | null {
  if (order.by === 'key') {
    if (typeof value === 'string' && isBoundKey(value)) return value;
    throw invalid(`${name} must be a key when ordering by key`);
  }
  if (value === null || typeof value === 'string') return value;
  if (Number.isFinite(value)) return (value as number) + 0;
  if (typeof value !== 'boolean') throw invalid(`${name} is neither null nor a leaf`);
  if (order.by === 'priority') throw invalid(`${name} cannot be a priority`);
  return value;
}

function parseLimit(name: string, count: unknown): Query['limit'] {
  if (!Number.isSafeInteger(count) || (count as number) < 1) throw invalid('a limit is a positive integer');
  return { count: count as number, from: name === 'limitToFirst' ? 'first' : 'last' };
}

function isEqualTo(start: Bound, end: Bound): boolean {
  return start.inclusive && end.inclusive && start.value === end.value && start.key === end.key;
}

function formatBound(bound: Bound, impliedKey: string): Json {
  return bound.key === undefined || bound.key === impliedKey ? bound.value : [bound.value, bound.key];
}

function invalid(message: string): TreeError {
  return new TreeError('invalid-query', message);
}
