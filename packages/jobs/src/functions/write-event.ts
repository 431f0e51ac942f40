import { ADMIN, authorOf, type Commit } from '@backside/protocol';
import { formatPath, nodeToJson } from '@backside/tree';
import type { EventAuth, WriteEvent } from './define.js';
import { type Pattern, paramsOf, pathOf } from './pattern.js';
import type { WatchedFunction } from './registry.js';
import { OVERSIZE, type ShadowNode } from './shadow.js';

/** The header of a write that tells how many functions led to it. Believed only of writes that bypass the rules. */
export const DEPTH_HEADER = 'function-depth';

/** What a commit did to a node that a function watches. */
export interface FoundEvent {
  readonly commit: Commit;
  readonly watched: WatchedFunction;
  /** Stand for the wildcards of the function's pattern. */
  readonly keys: readonly string[];
  readonly before: ShadowNode;
  readonly after: ShadowNode;
  /** Of the entry that it becomes. */
  readonly key: string;
}

/** Whether a function is for a node that was `before` and is `after`, which are not the same. */
export function fires({ trigger }: WatchedFunction, before: ShadowNode, after: ShadowNode): boolean {
  if (trigger.kind === 'create') return before === null;
  if (trigger.kind === 'delete') return after === null;
  if (trigger.kind === 'update') return before !== null && after !== null;
  return trigger.kind === 'write';
}

export function writeEvent(found: FoundEvent, id: string): Omit<WriteEvent, 'attempt'> {
  const { commit, keys, before, after } = found;
  const pattern = found.watched.pattern as Pattern;
  return {
    id,
    time: commit.time,
    path: formatPath(pathOf(pattern, keys)),
    params: paramsOf(pattern, keys),
    before: before === OVERSIZE ? null : nodeToJson(before, 'val'),
    after: after === OVERSIZE ? null : nodeToJson(after, 'val'),
    revision: commit.revision,
    auth: authOf(commit),
    depth: depthOf(commit),
  };
}

function authOf({ author }: Commit): EventAuth | null {
  if (author === null) return null;
  return author === authorOf(ADMIN) ? { admin: true } : { uid: author };
}

/** A client cannot pretend that functions led to its write, for then its events would be refused the writes that they cause. */
function depthOf({ author, headers }: Commit): number {
  if (author !== authorOf(ADMIN)) return 0;
  const depth = Number(headers?.find(([name]) => name === DEPTH_HEADER)?.[1] ?? 0);
  return Number.isSafeInteger(depth) && depth > 0 ? depth : 0;
}
