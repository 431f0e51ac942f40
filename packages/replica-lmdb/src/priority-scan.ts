import { type Bound, inRange, type KeyRange, MAX_KEY, MIN_KEY, type Query } from '@backside/tree';
import { type Candidate, isReverse } from './index-scan.js';
import { entryRange, type Snapshot } from './snapshot.js';

/**
 * The children of a split map none of which has a priority, as far as they are within the bounds of a query by priority: in
 * its order, which is then that of keys, or backwards if it counts from its end.
 */
export function* scanWithoutPriorities(snapshot: Snapshot, map: number, query: Query): Generator<Candidate, undefined> {
  const range = rangeOf(query);
  const entries = range && entryRange(map, range);
  if (!entries) return;
  for (const key of snapshot.environment.nodes.getKeys({ ...entries, transaction: snapshot.transaction })) {
    if (inRange(query, null, key)) yield { key, value: null };
  }
}

/** The keys that null has within the bounds; null if it is outside them. */
function rangeOf(query: Query): KeyRange | null {
  const { start, end } = query;
  if (start && (start.value !== null || isBeyond(start, MAX_KEY))) return null;
  if (end && end.value === null && isBeyond(end, MIN_KEY)) return null;
  return {
    ...(start?.key !== undefined && { start: start.key }),
    ...(end?.value === null && end.key !== undefined && { end: end.key }),
    reverse: isReverse(query),
  };
}

/** Whether a bound at null leaves out every key; `extreme` is the sentinel that says so. */
function isBeyond({ key, inclusive }: Bound, extreme: string): boolean {
  return key === extreme || (key === undefined && !inclusive);
}
