import type { Json } from '@backside/tree';
import type { Credential } from './credential.js';
import type { SecretBox } from './secret-box.js';

/** What of a credential is kept in clear; what is empty is left out. */
interface StoredFields {
  readonly login: string;
  readonly name: string;
  readonly status: string;
  /** Comma separated. */
  readonly type: string;
  readonly flags: string;
  readonly acl_deny: string;
  readonly acl_allow: string;
  readonly query_deny: string;
  readonly rlimits_max: number;
  readonly rlimits_rate: number;
  readonly expires: number;
  readonly secret_is_password: number;
  readonly ctime: number;
  readonly mtime: number;
}

interface Secrets {
  readonly secret: string;
  readonly authSecret: string;
  readonly tokenSecret: string;
}

/** A credential as the private tree keeps it: the secrets only sealed. */
export function recordOf(credential: Credential, box: SecretBox): { [key: string]: Json } {
  const { id, secret, authSecret, tokenSecret } = credential;
  const secrets: Secrets = { secret, authSecret, tokenSecret };
  const fields: StoredFields = {
    login: credential.login,
    name: credential.name,
    status: credential.status,
    type: credential.types.join(','),
    flags: credential.flags.join(','),
    acl_deny: credential.aclDeny,
    acl_allow: credential.aclAllow,
    query_deny: credential.queryDeny,
    rlimits_max: credential.rlimitsMax,
    rlimits_rate: credential.rlimitsRate,
    expires: credential.expires,
    secret_is_password: credential.secretIsPassword ? 1 : 0,
    ctime: credential.ctime,
    mtime: credential.mtime,
  };
  const kept = Object.entries(fields).filter(([, value]) => value !== '' && value !== 0);
  return { ...Object.fromEntries(kept), sealed: box.seal(JSON.stringify(secrets), id) };
}

/** What `recordOf` was given; null for null. Throws if the secrets cannot be opened. */
export function credentialOf(id: string, record: Json, box: SecretBox): Credential | null {
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return null;
  const fields = record as Partial<StoredFields> & { readonly sealed: string };
  const secrets = JSON.parse(box.open(fields.sealed, id)) as Secrets;
  return {
    id,
    ...secrets,
    login: fields.login ?? '',
    name: fields.name ?? '',
    status: fields.status ?? '',
    types: words(fields.type),
    flags: words(fields.flags),
    aclDeny: fields.acl_deny ?? '',
    aclAllow: fields.acl_allow ?? '',
    queryDeny: fields.query_deny ?? '',
    rlimitsMax: fields.rlimits_max ?? 0,
    rlimitsRate: fields.rlimits_rate ?? 0,
    expires: fields.expires ?? 0,
    secretIsPassword: fields.secret_is_password === 1,
    ctime: fields.ctime ?? 0,
    mtime: fields.mtime ?? 0,
  };
}

function words(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',');
}
