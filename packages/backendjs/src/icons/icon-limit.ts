/** How many icons one account may have in a prefix, from pairs of a prefix (`*` for all others) and a number; without one, any. */
export function iconLimit(pairs: readonly string[], prefix: string): number {
  let others = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const limit = Math.trunc(Number(pairs[at + 1]));
    if (Number.isNaN(limit)) continue;
    if (pairs[at] === prefix) return limit;
    if (pairs[at] === '*') others = limit;
  }
  return others;
}
