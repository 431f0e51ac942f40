import type { Credential } from '../credentials/credential.js';
import { LegacyError } from '../http/legacy-error.js';
import type { Params } from '../http/params.js';

/** Throws 403 if the account's own lists keep it from the path. An expression that is none keeps it from everything. */
export function checkAccountAcl(credential: Pick<Credential, 'aclDeny' | 'aclAllow'>, path: string): void {
  const { aclDeny, aclAllow } = credential;
  if (aclDeny !== '' && matches(aclDeny, path, true)) throw new LegacyError(403, 'Access denied', 'ACL');
  if (aclAllow !== '' && !matches(aclAllow, path, false)) throw new LegacyError(403, 'Access denied', 'NOACCESS');
}

/** The parameters without those that the account may not send. */
export function heardFrom(credential: Pick<Credential, 'queryDeny'>, params: Params): Params {
  const { queryDeny } = credential;
  return queryDeny === '' ? params : params.without((name) => matches(queryDeny, name, true));
}

/** Admins write the expressions; one that cannot be read must not open anything. */
function matches(source: string, text: string, otherwise: boolean): boolean {
  try {
    return new RegExp(source).test(text);
  } catch {
    return otherwise;
  }
}
