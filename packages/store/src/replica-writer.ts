import { type Change, type Json, type Node, nodeFromJson, parsePath, setAt } from '@backside/tree';
import type { Replica } from './replica.js';
import { commitOf } from './replica-samples.js';

/** Writes into a replica and keeps the tree that it must then hold. */
export interface ReplicaWriter {
  /** The tree as it must be. */
  model: Node;
  /** One commit of these changes. */
  commit(changes: readonly Change[]): void;
  /** One commit that replaces the node at a path by one in export form. */
  set(path: string, json: Json): void;
}

export function writerOf(replica: Replica, model: Node = null): ReplicaWriter {
  return {
    model,
    commit(changes) {
      for (const { path, value } of changes) this.model = setAt(this.model, path, value);
      replica.apply([commitOf(replica.revision + 1, changes)]);
    },
    set(path, json) {
      this.commit([{ path: parsePath(path), value: nodeAt(path, json) }]);
    },
  };
}

function nodeAt(path: string, json: Json): Node {
  return path.endsWith('.priority') ? (json as string | number | null) : nodeFromJson(json);
}
