import { BacksideError, type Principal } from '@backside/protocol';
import type { Account } from './account.js';
import { type AuthContext, enter } from './auth-context.js';
import { isOwnPassword } from './password-proof.js';
import { parseGrant } from './principals.js';
import { signInRefused } from './refusals.js';
import type { SessionRecord } from './session-record.js';
import type { Client } from './sign-in-api.js';

/** The account that a session speaks for, as both are now. */
export interface OwnSession {
  readonly account: Account;
  readonly session: { readonly id: string; readonly record: SessionRecord };
}

/**
 * The actor's own account. Rejects `unauthenticated` unless the actor rests on a session that still holds: devices, connections that
 * signed in by themselves and the server do not manage accounts.
 */
export async function ownSession(context: AuthContext, actor: Principal): Promise<OwnSession> {
  if (actor.kind === 'nobody' || actor.uid === undefined || actor.session === undefined) throw signInRefused();
  const grant = parseGrant(actor.session);
  if (grant.kind !== 'session') throw signInRefused();
  await context.freshness.refresh();
  const account = context.accounts.get(actor.uid);
  const record = account === null ? null : context.sessions.holds(grant.id, account);
  if (account === null || record === null || account.disabled) throw signInRefused();
  return { account, session: { id: grant.id, record } };
}

/**
 * As `ownSession`, for what could lock the owner out: the account's password must be given, or, if it has none, the session have
 * begun shortly before. Rejects `unauthenticated` for a wrong password, `reauthentication-required` for an old session or a
 * password that is missing.
 */
export async function provenOwner(
  context: AuthContext,
  actor: Principal,
  proof: { readonly password: string | undefined; readonly client: Client },
): Promise<OwnSession> {
  const own = await ownSession(context, actor);
  const { account, session } = own;
  if (account.secrets.password === undefined) {
    if (context.now() <= session.record.createdAt + context.settings.freshSignInMs) return own;
    throw new BacksideError('reauthentication-required');
  }
  if (proof.password === undefined) {
    throw new BacksideError('reauthentication-required', 'The present password is needed');
  }
  const admission = enter(context, proof.client, { account: `uid:${account.uid}`, known: true });
  if (!(await isOwnPassword(context, account, proof.password))) throw signInRefused();
  admission.succeeded();
  return own;
}
