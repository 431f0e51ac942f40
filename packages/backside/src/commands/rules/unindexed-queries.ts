import { UNINDEXED_QUERY } from '@backside/api';
import type { Rules, RulesProblem } from '@backside/security';
import { parsePath } from '@backside/tree';

/** A warning for every (path, order) that the lines of a JSON log say had no index, and that these rules still give none. */
export function unindexedQueries(log: string, rules: Rules): RulesProblem[] {
  const found = new Map<string, RulesProblem>();
  for (const line of log.split('\n')) {
    const query = queryIn(line);
    if (query === null || hasIndex(rules, query)) continue;
    const key = `${query.path} ${query.orderBy}`;
    found.set(key, {
      severity: 'warning',
      code: 'unindexed-query',
      message: `clients order ${query.path} by ${query.orderBy}, which has no index: every child is read`,
      rulePath: query.path,
      line: 1,
      column: 1,
      offset: null,
      hint: `".indexOn": ["${query.orderBy}"] at the rule of ${query.path}`,
    });
  }
  return [...found.values()];
}

interface LoggedQuery {
  readonly path: string;
  readonly orderBy: string;
}

function queryIn(line: string): LoggedQuery | null {
  if (!line.includes(UNINDEXED_QUERY)) return null;
  try {
    const { path, orderBy } = JSON.parse(line) as Partial<Record<'path' | 'orderBy', unknown>>;
    return typeof path === 'string' && typeof orderBy === 'string' ? { path, orderBy } : null;
  } catch {
    return null; // a line for people, not JSON
  }
}

function hasIndex({ indexes }: Rules, { path, orderBy }: LoggedQuery): boolean {
  const keys = parsePath(path);
  return indexes.some(({ pattern, by }) => {
    const name = by === 'value' ? '.value' : by.join('/');
    const matches =
      pattern.length === keys.length && pattern.every((key, at) => key.startsWith('$') || key === keys[at]);
    return matches && name === orderBy;
  });
}
