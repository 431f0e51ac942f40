import type { Json } from '@backside/tree';
import type { StatsRow } from './collected-stats.js';

const INTERVAL_MS = 5 * 60_000;

/** One row for every five minutes, the newest first: the mean of each number, the sum of those whose names end in `_0`. */
export function averageRows(rows: readonly StatsRow[]): Json {
  const byInterval = new Map<number, StatsRow[]>();
  for (const row of rows) {
    const begin = Math.floor(Number(row.mtime ?? 0) / INTERVAL_MS) * INTERVAL_MS;
    byInterval.set(begin, [...(byInterval.get(begin) ?? []), row]);
  }
  return [...byInterval]
    .sort(([a], [b]) => b - a)
    .map(([mtime, group]) => ({ ...combine(group), mtime, rows: group.length }));
}

function combine(rows: readonly StatsRow[]): Record<string, number> {
  const combined: Record<string, number> = {};
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  for (const name of names) {
    const numbers = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
    if (numbers.length === 0) continue;
    const sum = numbers.reduce((total, value) => total + value, 0);
    combined[name] = name.endsWith('_0') ? sum : sum / numbers.length;
  }
  return combined;
}
