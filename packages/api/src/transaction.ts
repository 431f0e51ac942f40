import { BacksideError, type Principal } from '@backside/protocol';
import { hashNode, nodeToJson, type Path } from '@backside/tree';
import type { Database } from './database.js';
import type { TransactionResult, TransactionUpdate } from './operation.js';

/** Tries before a transaction fails with `precondition-failed`. */
const MAX_TRIES = 25;

/** Who runs a transaction, and where. */
export interface TransactionTarget {
  readonly database: Pick<Database, 'read' | 'write'>;
  readonly principal: Principal;
  readonly path: Path;
}

/**
 * Replaces the node at `path` by what `update` makes of it, in one atomic step: it is tried again when the node has changed
 * meanwhile. Rejects with `precondition-failed` when it keeps changing, and as a read or a write does.
 */
export async function runTransaction(target: TransactionTarget, update: TransactionUpdate): Promise<TransactionResult> {
  const { database, principal, path } = target;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { node } = database.read(principal, path);
    const value = update(nodeToJson(node, 'export'));
    if (value === undefined) return { committed: false, value: node };
    try {
      const { revision } = await database.write({
        principal,
        steps: [{ method: 'set', path, value }],
        preconditions: [{ path, hash: hashNode(node) }],
      });
      return { committed: true, revision };
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'precondition-failed')) throw error;
    }
  }
  throw new BacksideError('precondition-failed', `the data changed during each of ${MAX_TRIES} tries`);
}
