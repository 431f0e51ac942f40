/**
 * `next`, with those of its parts that equal the same part of `previous` replaced by that: what did not change keeps its identity,
 * so that memoised components and effects below a hook do not run again. Both are JSON.
 */
export function keepEqual<Value>(previous: unknown, next: Value): Value {
  if (Object.is(previous, next)) return next;
  if (Array.isArray(previous) && Array.isArray(next)) return keepItems(previous, next) as Value;
  return isMap(previous) && isMap(next) ? (keepEntries(previous, next) as Value) : next;
}

function keepItems(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const kept = next.map((item, index) => keepEqual(previous[index], item));
  return kept.length === previous.length && kept.every((item, index) => Object.is(item, previous[index]))
    ? previous
    : kept;
}

function keepEntries(previous: JsonMap, next: JsonMap): JsonMap {
  const keys = Object.keys(next);
  let same = keys.length === Object.keys(previous).length;
  const kept = Object.fromEntries(
    keys.map((key) => {
      const before = Object.hasOwn(previous, key) ? previous[key] : undefined;
      const value = keepEqual(before, next[key]);
      same &&= Object.is(value, before);
      return [key, value];
    }),
  );
  return same ? previous : kept;
}

type JsonMap = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
