import { ADMIN, BacksideError } from '@backside/protocol';
import { hashNode, type Json, nodeToJson } from '@backside/tree';
import type { BackendjsContext, NewAccount } from '../context.js';
import { type Credential, visibleCredential } from '../credentials/credential.js';
import { encodeKey } from '../rows/encode-key.js';

/** What an account gets to see of itself when it signs in: its row of bk_auth without secrets, and its row of bk_account. */
export function ownRecord(
  context: BackendjsContext,
  credential: Credential,
  isAdmin: boolean,
): { [column: string]: Json } {
  return { ...accountRow(context, credential.id), ...visibleCredential(credential, isAdmin) };
}

/** Makes the rows of an account that was made elsewhere, unless it has some. All areas add theirs in one commit. */
export async function ensureRows(context: BackendjsContext, credential: Credential): Promise<void> {
  if (Object.keys(accountRow(context, credential.id)).length > 0) return;
  const account: NewAccount = {
    credential,
    columns: new Map([['name', credential.name]]),
    now: context.now(),
  };
  const steps = context.accountHooks.flatMap((hook) => hook.onAdd?.(account) ?? []);
  if (steps.length === 0) return;
  const key = encodeKey(credential.id);
  const preconditions = ['accounts', 'me'].map((root) => ({ path: [root, key], hash: hashNode(null) }));
  try {
    await context.database.write({ principal: ADMIN, steps, preconditions });
  } catch (error) {
    // Somebody else was first to make them: there they are.
    if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
  }
}

/** Public and private columns together, as its owner sees them. */
function accountRow({ database }: BackendjsContext, id: string): { [column: string]: Json } {
  const key = encodeKey(id);
  return { ...columnsAt(database, ['me', key]), ...columnsAt(database, ['accounts', key]) };
}

function columnsAt(database: BackendjsContext['database'], path: string[]): { [column: string]: Json } {
  const value = nodeToJson(database.read(ADMIN, path).node, 'val');
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
