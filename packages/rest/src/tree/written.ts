import type { WriteResult } from '@backside/api';
import { ADMIN, BacksideError } from '@backside/protocol';
import {
  containsServerValues,
  encodeNode,
  nodeFromJson,
  nodeToJson,
  type Path,
  parsePath,
  UNLIMITED,
} from '@backside/tree';
import type { TreeCall } from './call.js';

/** What a write of `value` has made of the node: the same, but for server values. */
export function written(call: TreeCall, value: unknown, result: WriteResult): unknown {
  return containsServerValues(value) ? resolved(call, call.path, result) : value;
}

/** The object of a merge with what became of its values, as JSON. */
export function writtenChildren(call: TreeCall, value: unknown, result: WriteResult): string {
  const members = Object.entries(value as object).map(([key, child]: [string, unknown]) => {
    const node = containsServerValues(child) ? resolved(call, [...call.path, ...parsePath(key)], result) : child;
    const json = encodeNode(nodeFromJson(node, { limits: UNLIMITED }), call.parameters.format);
    return `${JSON.stringify(key)}:${json}`;
  });
  return `{${members.join(',')}}`;
}

/**
 * What stands at `path`. The writer knows it if nothing came after the write; else it is shown as far as the writer may read, and null
 * stands for what it may not.
 */
function resolved({ database, principal }: TreeCall, path: Path, { revision }: WriteResult): unknown {
  const reader = database.revision === revision ? ADMIN : principal;
  try {
    return nodeToJson(database.read(reader, path).node, 'export');
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'permission-denied') return null;
    throw error;
  }
}
