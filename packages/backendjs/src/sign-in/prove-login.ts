import { sameText, scrambleSecret } from '@backside/auth';
import { ADMIN, BacksideError, type Principal } from '@backside/protocol';
import type { BackendjsContext } from '../context.js';
import type { Credential } from '../credentials/credential.js';
import { LegacyError } from '../http/legacy-error.js';
import { ensureRows } from './own-record.js';

/** A login and what is to prove it: the signing secret, plain or scrambled, or the password. */
export interface LoginClaim {
  readonly login: string;
  readonly proof: string;
  readonly address: string;
}

/**
 * The account that `/login` is about. The password is looked up where all passwords are, so that an account which was made elsewhere gets
 * its rows here at its first login. Throws 404 for an unknown login, 401 for a wrong secret, 429
 * for who tries too often.
 */
export async function proveLogin(context: BackendjsContext, claim: LoginClaim): Promise<Credential> {
  const { credentials, guesses } = context;
  const credential = await credentials.byLogin(claim.login);
  const attempt = guesses.enter({ account: claim.login, address: claim.address });
  if (credential !== null && isSecret(credential, claim)) {
    attempt.succeeded();
    return withRows(context, credential);
  }
  const principal = await byPassword(context, claim);
  if (principal !== null) {
    attempt.succeeded();
    return credentialOf(context, principal);
  }
  if (credential !== null || (await isKnownElsewhere(context, claim.login))) throw wrong();
  throw new LegacyError(404, 'No account record found', 'NOACCOUNT');
}

function isSecret({ secret, login }: Credential, { proof }: LoginClaim): boolean {
  const plain = sameText(secret, proof);
  const scrambled = sameText(secret, scrambleSecret(login, proof));
  return secret !== '' && (plain || scrambled);
}

/** Null if it is no password of that login. Throws 429 for who tries too often, 401 where a second factor is wanted. */
async function byPassword({ auth }: BackendjsContext, claim: LoginClaim): Promise<Principal | null> {
  const { login, proof, address } = claim;
  try {
    return await auth.authenticate({ login, passcode: proof, database: auth.database, remoteAddress: address });
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'unauthenticated') return null;
    throw error;
  }
}

/** The credential of somebody who has proven to be an account of `@backside/auth`; made if there is none yet, and with all rows. */
export async function credentialOf(context: BackendjsContext, principal: Principal): Promise<Credential> {
  const { auth, credentials } = context;
  const id = principal.kind === 'nobody' ? undefined : principal.uid;
  if (id === undefined) throw wrong();
  const there = await credentials.byId(id);
  if (there !== null) return withRows(context, there);
  const { email, username, displayName } = await auth.users.get(ADMIN, id);
  return withRows(context, await credentials.adopt({ id, login: email ?? username ?? id, name: displayName ?? '' }));
}

/** Whoever was stopped between credential and rows, when the account was made, gets the rows now. */
async function withRows(context: BackendjsContext, credential: Credential): Promise<Credential> {
  await ensureRows(context, credential);
  return credential;
}

async function isKnownElsewhere({ auth }: BackendjsContext, login: string): Promise<boolean> {
  return (await auth.users.find(ADMIN, login)) !== null;
}

function wrong(): LegacyError {
  return new LegacyError(401, 'Not authenticated', 'NOAUTH');
}
