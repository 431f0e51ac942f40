import { checkAccountAcl } from '../access/account-rules.js';
import type { Credential } from '../credentials/credential.js';
import type { LegacyCall } from '../endpoint.js';
import { LegacyError } from '../http/legacy-error.js';

/**
 * For what goes on after the caller was let in: throws 401 if it could not ask any more by the same proof, 403 if its own lists keep it
 * from the path by now. Disabling an account shows within a second.
 */
export async function assertStillHolds({ context, path, requireAccount }: LegacyCall): Promise<void> {
  const { credential: then, principal } = requireAccount();
  const { auth, credentials, users, now } = context;
  const credential = await credentials.byId(then.id);
  if (credential === null || (credential.expires > 0 && credential.expires <= now())) throw gone();
  if (principal === null) {
    const user = await users.standing(then.id);
    if (user === null || user.disabled || !isSameProof(then, credential)) throw gone();
  } else auth.current(principal);
  checkAccountAcl(credential, path);
}

/** Whether what a caller proved then would still be proof. */
function isSameProof(then: Credential, now: Credential): boolean {
  return then.secret === now.secret && then.authSecret === now.authSecret && then.tokenSecret === now.tokenSecret;
}

function gone(): LegacyError {
  return new LegacyError(401, 'Not authenticated', 'NOAUTH');
}
