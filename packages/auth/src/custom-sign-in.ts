import type { Account, AccountRecord } from './account.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import { type CustomIdentity, LONGEST_HOLD_MS } from './custom-token.js';
import { CUSTOM } from './principals.js';
import { forbidden, signInRefused } from './refusals.js';
import type { Client, SignedIn } from './sign-in-api.js';
import { beginSession } from './signed-in.js';

/**
 * Who a custom token speaks for; rejects `unauthenticated`, also for uids of devices, and of accounts that may have been deleted since the
 * token was made.
 */
export async function proveCustomToken(context: AuthContext, token: string): Promise<CustomIdentity> {
  if (context.custom === null) throw signInRefused();
  const identity = await context.custom.verify(token);
  const deleted = context.accounts.wasDeleted(identity.uid, context.now() - LONGEST_HOLD_MS);
  if (deleted || context.devices.get(identity.uid) !== null) throw signInRefused();
  return identity;
}

/** See `SignInApi.custom`. */
export async function signInCustom(context: AuthContext, token: string, client: Client): Promise<SignedIn> {
  if (context.custom === null) throw forbidden('There are no keys for custom tokens');
  const admission = enter(context, client, { account: null });
  await context.freshness.refresh();
  try {
    const { uid, claims } = await proveCustomToken(context, token);
    const account = await accountOf(context, uid);
    if (account.disabled || account.admin) throw signInRefused();
    const signedIn = await beginSession(context, account, { provider: CUSTOM, client, claims });
    admission.withdrawn();
    return signedIn;
  } catch (error) {
    audit(context, 'sign-in', client, { failed: true, details: { provider: CUSTOM } });
    throw error;
  }
}

/** The account of the uid, made if need be; of two that make it at once both get the same. */
export async function accountOf(context: AuthContext, uid: string): Promise<Account> {
  const found = context.accounts.get(uid);
  if (found !== null) return found;
  const record: AccountRecord = { version: 0, generation: 1, createdAt: context.now() };
  try {
    return await context.accounts.create(uid, { record, secrets: {} });
  } catch (error) {
    const other = context.accounts.get(uid);
    if (other === null) throw error;
    return other;
  }
}
