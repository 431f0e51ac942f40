import type { Session } from './session.js';

/** A session as the private tree keeps it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  readonly uid: string;
  readonly provider: string;
  /** Of the account; once the account's is another, the session is void. */
  readonly generation: number;
  readonly label?: string;
  readonly address: string;
  readonly createdAt: number;
  readonly usedAt: number;
  readonly expiresAt: number;
  /** JSON; over the account's claims, in this session only. */
  readonly claims?: string;
  /** The id at the `AuthProvider` that is asked at each refresh. */
  readonly external?: string;
  /** See `RefreshToken`. */
  readonly sealKey: string;
  /** Of the present refresh token. */
  readonly hash: string;
  /** Of the token that the present one came from, and of the secret that allows asking for it again. */
  readonly previous?: string;
  readonly attempt?: string;
}

export function sessionOf(id: string, record: SessionRecord): Session {
  const { uid, provider, label, address, createdAt, usedAt, expiresAt } = record;
  return { id, uid, provider, label: label ?? null, address, createdAt, usedAt, expiresAt };
}
