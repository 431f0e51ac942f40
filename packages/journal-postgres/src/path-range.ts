/** The paths from `low` up to, without it, `high`, in the order of their bytes. */
export interface PathRange {
  readonly low: string;
  readonly high: string;
}

/**
 * What is below `top`, but neither at nor below any of `left`, which are below it and none below another. What is below a path is
 * together, for a nought comes right after the slash; but not with the path itself: keys may go on with what comes before the slash.
 */
export function* rangesBetween(top: string, left: readonly string[]): Generator<PathRange, undefined> {
  const out = left.flatMap((path) => [rangeOf(path, firstAfter(path)), rangeBelow(path)]);
  const { low: start, high: end } = rangeBelow(top);
  let low = start;
  for (const next of out.sort(byLow)) {
    if (low !== next.low) yield { low, high: next.low };
    low = next.high;
  }
  if (low !== end) yield { low, high: end };
}

/** Its order, in bytes, as the database has it; that of strings differs from it beyond the basic plane. */
interface OrderedRange extends PathRange {
  readonly order: Buffer;
}

function rangeOf(low: string, high: string): OrderedRange {
  return { low, high, order: Buffer.from(low) };
}

function rangeBelow(path: string): OrderedRange {
  return rangeOf(`${path}/`, `${path}0`);
}

/** Nothing is between a text and this: the database has none with the code 0. */
function firstAfter(path: string): string {
  return `${path}\u0001`;
}

function byLow(a: OrderedRange, b: OrderedRange): number {
  return Buffer.compare(a.order, b.order);
}
