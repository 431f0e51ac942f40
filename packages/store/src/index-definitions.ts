import { isDefaultQuery, type Path, type Query, samePath } from '@backside/tree';
import type { IndexDefinition } from './replica.js';

/**
 * Whether `query` at `path` can be answered without reading every child in vain: it takes all children anyway, or orders by
 * key or priority, which need no definition, or one of `definitions` covers it.
 */
export function isIndexed(definitions: readonly IndexDefinition[], path: Path, query: Query): boolean {
  const { order } = query;
  if (order.by === 'key' || order.by === 'priority' || isDefaultQuery(query)) return true;
  return definitions.some(({ pattern, by }) => {
    const sameOrder = by === 'value' ? order.by === 'value' : order.by === 'child' && samePath(by, order.path);
    return sameOrder && matchesPattern(pattern, path);
  });
}

/** Whether `path` is as long as `pattern` and has its keys, where a key of the pattern that begins with `$` stands for any. */
export function matchesPattern(pattern: Path, path: Path): boolean {
  return pattern.length === path.length && pattern.every((key, index) => key.startsWith('$') || key === path[index]);
}
