import type { WriteStep } from '@backside/api';
import { encodeKey } from '../rows/encode-key.js';
import { increment } from '../rows/row-store.js';
import { newRow, pathOf, type Row } from '../rows/table.js';
import { COUNTERS } from '../rows/tables.js';

/** A counter row that was never counted on: every counter of the table at its first value. */
export function zeroCounters(id: string): Row {
  const row = newRow({ id });
  for (const [name, { type, value }] of COUNTERS.columns) if (type === 'counter') row[name] = value ?? 0;
  return row;
}

/** Both ends of a connection. */
export interface ConnectedPair {
  /** Who connected. */
  readonly id: string;
  readonly peer: string;
  readonly type: string;
}

/**
 * Counts a connection that was made (1) or removed (-1): `type0` of who connected, `type1` of the other, or of one of them `only`.
 * Counters that the table does not have, or that do not count by themselves, stay.
 */
export function connectionCounterSteps(
  { id, peer, type }: ConnectedPair,
  by: 1 | -1,
  only: 'id' | 'peer' | 'both' = 'both',
): WriteStep[] {
  return [
    ...(only === 'peer' ? [] : counterSteps(id, `${type}0`, by)),
    ...(only === 'id' ? [] : counterSteps(peer, `${type}1`, by)),
  ];
}

function counterSteps(id: string, column: string, by: number): WriteStep[] {
  if (COUNTERS.columns.get(column)?.autoincr !== true) return [];
  const path = [...pathOf(COUNTERS.levels, newRow({ id })), encodeKey(column)];
  return [{ method: 'set', path, value: increment(by) }];
}
