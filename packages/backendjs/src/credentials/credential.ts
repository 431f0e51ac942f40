/** A row of bk_auth, with its secrets in clear. Never leaves the server as it is; see `visibleCredential`. Times are milliseconds since the epoch. */
export interface Credential {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly status: string;
  readonly types: readonly string[];
  readonly flags: readonly string[];
  /** The key of signatures. */
  readonly secret: string;
  /** A second part of the key of version 4 signatures; empty if there is none. */
  readonly authSecret: string;
  /** A part of the key of access tokens: a new one revokes them all. */
  readonly tokenSecret: string;
  /** Regular expressions on paths; empty if there is none. */
  readonly aclDeny: string;
  readonly aclAllow: string;
  /** A regular expression on names of parameters that are not heard from this account. */
  readonly queryDeny: string;
  /** Requests, and per interval; 0 if not limited for this account. */
  readonly rlimitsMax: number;
  readonly rlimitsRate: number;
  /** When the account ends; 0 if it does not. */
  readonly expires: number;
  /** Whether the secret also is the password of the account elsewhere. */
  readonly secretIsPassword: boolean;
  readonly ctime: number;
  readonly mtime: number;
}

/** What an account may see of its own row: no secrets, and the columns for admins only if it is one. */
export function visibleCredential(credential: Credential, isAdmin: boolean): { [column: string]: string | number } {
  const { id, login, name, status, ctime, mtime } = credential;
  const own = { id, login, name, ...(status !== '' && { status }), ctime, mtime };
  if (!isAdmin) return own;
  return {
    ...own,
    type: credential.types.join(','),
    flags: credential.flags.join(','),
    acl_deny: credential.aclDeny,
    acl_allow: credential.aclAllow,
    query_deny: credential.queryDeny,
    rlimits_max: credential.rlimitsMax,
    rlimits_rate: credential.rlimitsRate,
    expires: credential.expires,
  };
}
