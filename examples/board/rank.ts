const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
const BASE = DIGITS.length;

/**
 * A text that sorts after `before` and before `after`, where the empty text is the beginning and null the end. Read it as the
 * digits behind a point: between any two there is always another, so a card is moved by writing its own rank and no other.
 * Mostly it ends in a random digit, so that two people who put a card into one gap at a time hardly ever choose the same.
 *
 * At both ends a column grows by steps of one, which leave the most room for what comes next.
 * Neither may end in 0. Throws RangeError if `before` does not sort before `after`.
 */
export function rankBetween(before: string, after: string | null, random: () => number = Math.random): string {
  if (after !== null && before >= after) throw new RangeError(`nothing is between ${before} and ${after}`);
  let rank = '';
  for (let at = 0, end = after; ; at++) {
    const low = digitAt(before, at);
    const high = end === null ? BASE : digitAt(end, at);
    if (high - low > 1) {
      const chosen = after === null ? low + 1 : before === '' ? high - 1 : Math.floor((low + high) / 2);
      return rank + DIGITS[chosen] + DIGITS[1 + Math.floor(random() * (BASE - 1))];
    }
    rank += DIGITS[low];
    // From here on all that sorts after `before` is below `after`.
    if (low < high) end = null;
  }
}

function digitAt(rank: string, at: number): number {
  return at < rank.length ? DIGITS.indexOf(rank[at]!) : 0;
}

/** The rank with which something comes to stand at `index` among these, which are in order. */
export function rankAt(ranks: readonly string[], index: number): string {
  const before = ranks[index - 1] ?? '';
  // Two equal ranks have nothing between them: what comes next is what sorts after both.
  const after = ranks.slice(index).find((rank) => rank > before) ?? null;
  return rankBetween(before, after);
}
