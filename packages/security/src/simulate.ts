import {
  type Change,
  type Leaf,
  nodeFromJson,
  nodeReader,
  normalizeChanges,
  type Path,
  parsePath,
  parseQuery,
  parseUpdate,
  type Query,
  readLeaf,
  SparseTree,
  type TreeReader,
} from '@backside/tree';
import type { Explanation } from './explanation.js';
import type { AuthValue, Rules, WriteCheck } from './rules.js';

/** An operation as JSON. `write` is a set; `update` takes an object of relative paths. */
export interface SimulatedOperation {
  readonly type: 'read' | 'write' | 'update';
  /** Slashes at the ends and doubled ones do not count. */
  readonly path: string;
  readonly value?: unknown;
  /**
   * In the words of the variable `query`, `{"orderByChild": "age", "limitToFirst": 10}`, or in those of a request,
   * `{"orderBy": "age", "limitToFirst": 10}`.
   */
  readonly query?: Readonly<Record<string, unknown>> | null;
}

/** An operation, and the world in which it is tried. */
export interface Simulation {
  /** The whole tree before the operation, in export form. */
  readonly data: unknown;
  readonly auth: AuthValue;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly op: SimulatedOperation;
}

/**
 * What the rules say to an operation, by the same code that decides for clients. Nothing is written anywhere.
 * Throws `TreeError` for data, a path or a query that no database takes, whatever its rules.
 */
export function simulate(rules: Rules, { data, auth, now, op }: Simulation): Explanation {
  const root = nodeReader(nodeFromJson(data));
  const path = parsePath(op.path.split('/').filter(Boolean).join('/'));
  if (op.type === 'read') {
    return rules.explainRead({ auth, path, query: op.query ? queryOf(op.query) : null, root, now });
  }
  const changes = changesOf(op, { path, before: root, now });
  return rules.explainWrite(writeCheck(changes, { auth, before: root, now }));
}

function changesOf(
  op: SimulatedOperation,
  { path, before, now }: { path: Path; before: TreeReader; now: number },
): Change[] {
  const existing = (relative: Path): Leaf | null => readLeaf(before, [...path, ...relative]);
  const serverValues = { now, existing };
  const value = op.value ?? null;
  if (op.type === 'update') return parseUpdate(path, value, { serverValues });
  return normalizeChanges([{ path, value: nodeFromJson(value, { depth: path.length, serverValues }) }]);
}

function writeCheck(
  changes: readonly Change[],
  { auth, before, now }: { auth: AuthValue; before: TreeReader; now: number },
): WriteCheck {
  const overlay = new SparseTree();
  for (const change of changes) overlay.apply(change, before);
  return { auth, changes, before, after: overlay.over(before), now };
}

function queryOf(json: Readonly<Record<string, unknown>>): Query {
  const { orderByKey, orderByValue, orderByPriority, orderByChild, ...rest } = json;
  const orderBy = orderByChild ?? (orderByValue ? '$value' : orderByPriority ? '$priority' : '$key');
  return parseQuery('orderBy' in json ? json : { orderBy, ...withoutNulls(rest) });
}

/** A query that asks for nothing has null in all its fields, as rules see it. */
function withoutNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
