import { type Bound, isDefaultQuery, type Query } from '@backside/tree';
import { fail, type Run } from './frame.js';
import type { Value } from './value.js';

const BY_KEY: Query = { order: { by: 'key' } };

/**
 * The order by priority is also what a query without an order means, and clients do not tell the two apart: as long as it chooses
 * nothing, it counts as the order by key.
 */
const PROPERTIES: ReadonlyMap<string, (query: Query) => Value> = new Map<string, (query: Query) => Value>([
  ['orderByKey', ({ order }) => order.by === 'key'],
  ['orderByPriority', ({ order }) => order.by === 'priority'],
  ['orderByValue', ({ order }) => order.by === 'value'],
  ['orderByChild', ({ order }) => (order.by === 'child' ? order.path.join('/') : null)],
  ['startAt', ({ start }) => start?.value ?? null],
  ['endAt', ({ end }) => end?.value ?? null],
  ['equalTo', ({ start, end }) => (isSameBound(start, end) ? start.value : null)],
  ['limitToFirst', ({ limit }) => (limit?.from === 'first' ? limit.count : null)],
  ['limitToLast', ({ limit }) => (limit?.from === 'last' ? limit.count : null)],
]);

/** A property of `query`. Touching it in a write fails: a write has no query. */
export function compileQueryProperty(name: string): Run {
  const property = PROPERTIES.get(name) as (query: Query) => Value;
  return (frame) => {
    const { query } = frame;
    if (query === undefined) return fail(frame, 'a write has no query');
    return property(query === null || isWithoutOrder(query) ? BY_KEY : query);
  };
}

function isWithoutOrder(query: Query): boolean {
  return query.order.by === 'priority' && isDefaultQuery(query);
}

function isSameBound(start: Bound | undefined, end: Bound | undefined): start is Bound {
  if (start === undefined || end === undefined || !start.inclusive || !end.inclusive) return false;
  return start.value === end.value && start.key === end.key;
}
