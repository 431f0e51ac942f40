import type { Principal } from '@backside/protocol';
import type { AuthContext } from './auth-context.js';
import { parseGrant } from './principals.js';
import { forbidden } from './refusals.js';

/**
 * Rejects `permission-denied` unless the actor is an admin at this moment, whatever it was when it signed in. Gives the uid for
 * the audit log; the server itself has none.
 */
export async function requireAdmin(context: AuthContext, actor: Principal): Promise<string | undefined> {
  if (actor.kind !== 'admin') throw forbidden('Only for admins');
  await context.freshness.refresh();
  if (actor.uid === undefined) return undefined;
  const grant = actor.session === undefined ? null : parseGrant(actor.session);
  if (grant === null || context.principals.of(actor.uid, grant).kind !== 'admin') throw forbidden('Only for admins');
  return actor.uid;
}
