import type { Database, WriteStep } from '@backside/api';
import type { PrivateTree, PrivateValue } from '@backside/auth';
import { ADMIN, BacksideError } from '@backside/protocol';
import {
  type Bound,
  hashNode,
  isMap,
  type Json,
  type KeyRange,
  keysInRange,
  nodeFromJson,
  nodeToJson,
  type Path,
  type Query,
} from '@backside/tree';

/** What a write rests on: that at the moment of the commit this stands at `path`, null for nothing. */
export interface Expected {
  readonly path: Path;
  readonly value: Json;
}

/** A tree that rows stand in. */
export interface RowStore {
  /** What stands at `path`, with priorities if there are any. */
  read(path: Path): Json;

  /** The children of the node at `path` within the range, in its direction. */
  children(path: Path, range: KeyRange): [string, Json][];

  /** Their keys alone, whatever lies below them. */
  keys(path: Path, range: KeyRange): string[];

  /** Makes all steps in one commit, or rejects with `precondition-failed` if something else stands where a value was expected. */
  write(steps: readonly WriteStep[], expected?: readonly Expected[]): Promise<void>;
}

/** Rows of the main tree, as the server itself: endpoints have decided about rights. */
export function databaseRowStore(database: Database): RowStore {
  return {
    read: (path) => nodeToJson(database.read(ADMIN, path).node, 'export'),
    children: (path, range) => {
      const { node } = database.read(ADMIN, path, queryOf(range));
      if (!isMap(node)) return [];
      const entries = Array.from(node.entries(), ([key, child]): [string, Json] => [key, nodeToJson(child, 'export')]);
      return range.reverse === true ? entries.reverse() : entries;
    },
    keys: (path, range) => database.keys(ADMIN, path, range),
    write: async (steps, expected = []) => {
      const preconditions = expected.map(({ path, value }) => ({ path, hash: hashNode(nodeFromJson(value)) }));
      await database.write({ principal: ADMIN, steps, preconditions });
    },
  };
}

function queryOf({ start, startExclusive, end, endExclusive, limit, reverse }: KeyRange): Query {
  const bound = (value: string, exclusive: boolean | undefined): Bound => ({ value, inclusive: exclusive !== true });
  return {
    order: { by: 'key' },
    ...(start !== undefined && { start: bound(start, startExclusive) }),
    ...(end !== undefined && { end: bound(end, endExclusive) }),
    ...(limit !== undefined && { limit: { count: limit, from: reverse === true ? 'last' : 'first' } }),
  };
}

/** Rows of the tree that no client can name. */
export function privateRowStore(tree: PrivateTree): RowStore {
  return {
    read: (path) => tree.read(path),
    keys: (path, range) => Array.from(keysInRange(tree.keys(path), range)),
    children: (path, range) =>
      Array.from(keysInRange(tree.keys(path), range), (key): [string, Json] => [key, tree.read([...path, key])]),
    write: async (steps, expected = []) => {
      const changes: PrivateValue[] = [];
      const rests: PrivateValue[] = [...expected];
      for (const change of steps.flatMap(privateChanges)) {
        const by = incrementIn(change.value);
        const before = by === null ? null : tree.read(change.path);
        if (by !== null) rests.push({ path: change.path, value: before });
        changes.push(by === null ? change : { ...change, value: by + (typeof before === 'number' ? before : 0) });
      }
      await tree.update(changes, rests);
    },
  };
}

/** By how much a value from `increment` adds; null for any other. */
function incrementIn(value: Json): number | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const server = value['.sv'];
  if (server === undefined || server === null || typeof server !== 'object' || Array.isArray(server)) return null;
  return typeof server.increment === 'number' ? server.increment : null;
}

/** The server value that adds to the number that stands there; where nothing stands it is the number itself. */
export function increment(by: number): { readonly '.sv': { readonly increment: number } } {
  return { '.sv': { increment: by } };
}

function privateChanges(step: WriteStep): PrivateValue[] {
  const { path } = step;
  switch (step.method) {
    case 'remove':
      return [{ path, value: null }];
    case 'set':
      return [{ path, value: step.value as Json }];
    case 'update':
      return Object.entries(step.value as Record<string, Json>).map(([key, value]) => ({
        path: [...path, key],
        value,
      }));
    case 'push':
      throw new BacksideError('internal', 'rows have keys of their own');
  }
}
