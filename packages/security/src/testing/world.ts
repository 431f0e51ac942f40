import {
  applyChanges,
  type Change,
  type Node,
  nodeFromJson,
  nodeReader,
  type Path,
  parsePath,
  parseQuery,
  parseUpdate,
  type Query,
  readLeaf,
  type TreeReader,
} from '@backside/tree';
import type { RuleCase } from '../cases.js';
import type { ReadCheck, WriteCheck } from '../rules.js';

/** Makes a reader of a tree. */
export type Read = (node: Node) => TreeReader;

/** The check that a read case stands for. */
export function readCheckOf({ data, auth, now, op }: RuleCase, read: Read = nodeReader): ReadCheck {
  const query = op.query === undefined || op.query === null ? null : queryOf(op.query);
  return { auth, now, query, path: parsePath(op.path), root: read(nodeFromJson(data)) };
}

/** The check that a write or update case stands for. Throws `TreeError` if no database takes the operation. */
export function writeCheckOf({ data, auth, now, op }: RuleCase, read: Read = nodeReader): WriteCheck {
  const before = nodeFromJson(data);
  const path = parsePath(op.path);
  const existing = (relative: Path): ReturnType<typeof readLeaf> =>
    readLeaf(nodeReader(before), [...path, ...relative]);
  const serverValues = { now, existing };
  const changes: Change[] =
    op.type === 'update'
      ? parseUpdate(path, op.value, { serverValues })
      : [{ path, value: nodeFromJson(op.value ?? null, { depth: path.length, serverValues }) }];
  return { auth, now, changes, before: read(before), after: read(applyChanges(before, changes)) };
}

function queryOf(json: Readonly<Record<string, unknown>>): Query {
  const { orderByKey: _, orderByValue, orderByPriority, orderByChild, ...rest } = json;
  return parseQuery({
    orderBy: orderByChild ?? (orderByValue ? '$value' : orderByPriority ? '$priority' : '$key'),
    ...rest,
  });
}
