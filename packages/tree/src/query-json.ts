import { TreeError } from './error.js';
import type { Json } from './json.js';
import { MAX_KEY, MIN_KEY } from './key-order.js';
import type { Leaf } from './node.js';
import { DEFAULT_ORDER, type Order } from './order.js';
import { formatPath, isPriorityPath, isValidKey, parsePath } from './path.js';
import type { Bound, Query } from './query.js';

const FIELDS = new Set([
  'orderBy',
  'startAt',
  'startAfter',
  'endAt',
  'endBefore',
  'equalTo',
  'limitToFirst',
  'limitToLast',
]);

/**
 * The query that an object like `{"orderBy": "age", "startAt": 18, "limitToFirst": 10}` describes. `orderBy` is `$key`, `$value`,
 * `$priority` (the default) or the path of a child; a bound (`startAt`, `startAfter`, `endAt`, `endBefore`, `equalTo`) is a value
 * or a pair `[value, key]`. Throws `invalid-query`, saying what is wrong.
 */
export function parseQuery(json: unknown): Query {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('a query is an object');
  const fields = new Map(Object.entries(json));
  for (const name of fields.keys()) if (!FIELDS.has(name)) throw invalid(`unknown field ${JSON.stringify(name)}`);
  const order = parseOrder(fields.get('orderBy'));
  const equal = fields.has('equalTo');
  if (equal && ['startAt', 'startAfter', 'endAt', 'endBefore'].some((name) => fields.has(name))) {
    throw invalid('equalTo beside another bound');
  }
  const start = equal ? parseBound(fields, order, 'equalTo', true) : parseEnd(fields, order, ['startAt', 'startAfter']);
  const end = equal ? start : parseEnd(fields, order, ['endAt', 'endBefore']);
  const limit = parseLimit(fields);
  return {
    order,
    ...(start && { start }),
    ...(end && { end }),
    ...(limit && { limit }),
  };
}

/** The object that `parseQuery` makes the query of. */
export function formatQuery(query: Query): Json {
  const { order, start, end, limit } = query;
  const object: { [key: string]: Json } = { orderBy: formatOrder(order) };
  if (start && end && isEqualTo(start, end)) {
    object.equalTo = formatBound(start, '');
  } else {
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
  if (orderBy === undefined) return DEFAULT_ORDER;
  if (typeof orderBy !== 'string') throw invalid('orderBy is a string');
  if (orderBy === '$key') return { by: 'key' };
  if (orderBy === '$value') return { by: 'value' };
  if (orderBy === '$priority') return { by: 'priority' };
  try {
    const path = parsePath(orderBy);
    if (path.length > 0 && !isPriorityPath(path)) return { by: 'child', path };
  } catch (cause) {
    throw new TreeError('invalid-query', 'orderBy is not the path of a child', {
      cause,
    });
  }
  throw invalid('orderBy is not the path of a child');
}

function formatOrder(order: Order): string {
  return order.by === 'child' ? formatPath(order.path).slice(1) : `$${order.by}`;
}

function parseEnd(fields: Fields, order: Order, [inclusive, exclusive]: readonly [string, string]): Bound | undefined {
  if (fields.has(inclusive) && fields.has(exclusive)) throw invalid(`both ${inclusive} and ${exclusive}`);
  return parseBound(fields, order, inclusive, true) ?? parseBound(fields, order, exclusive, false);
}

type Fields = ReadonlyMap<string, unknown>;

function parseBound(fields: Fields, order: Order, name: string, inclusive: boolean): Bound | undefined {
  if (!fields.has(name)) return undefined;
  const given = fields.get(name);
  const value = parseBoundValue(order, name, Array.isArray(given) ? given[0] : given);
  if (!Array.isArray(given)) return { value, inclusive };
  const key: unknown = given[1];
  if (given.length !== 2 || typeof key !== 'string') throw invalid(`${name} is a value or [value, key]`);
  if (order.by === 'key') throw invalid(`${name} takes no second key when ordering by key`);
  if (key !== MIN_KEY && key !== MAX_KEY && !isValidKey(key)) throw invalid(`${name} has an invalid key`);
  return { value, key, inclusive };
}

function parseBoundValue(order: Order, name: string, value: unknown): Leaf | null {
  if (order.by === 'key') {
    if (typeof value === 'string' && (value === MIN_KEY || value === MAX_KEY || isValidKey(value))) return value;
    throw invalid(`${name} must be a key when ordering by key`);
  }
  if (typeof value === 'boolean' && order.by === 'priority') throw invalid(`${name} cannot be a priority`);
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  }
  throw invalid(`${name} must be null, a boolean, a number or a string`);
}

function parseLimit(fields: Fields): Query['limit'] {
  const first = fields.get('limitToFirst');
  const last = fields.get('limitToLast');
  if (first !== undefined && last !== undefined) throw invalid('both limitToFirst and limitToLast');
  const count = first ?? last;
  if (count === undefined) return undefined;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) {
    throw invalid('a limit is a positive integer');
  }
  return { count, from: first === undefined ? 'last' : 'first' };
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
