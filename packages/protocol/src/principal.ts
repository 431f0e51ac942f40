/** Who acts. `admin` bypasses the rules. */
export type Principal = NobodyPrincipal | UserPrincipal | AdminPrincipal;

export interface NobodyPrincipal {
  readonly kind: 'nobody';
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly uid: string;
  readonly provider: string;
  /** Claims as signed into the token; seen by rules as `auth.token`. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch after which the credential no longer holds. */
  readonly expiresAt?: number;
  /** The session that the credential belongs to; with its end the credential ends. */
  readonly session?: string;
}

export interface AdminPrincipal {
  readonly kind: 'admin';
  /** The account that acts, if it is one; the server itself has none. */
  readonly uid?: string;
  readonly expiresAt?: number;
  readonly session?: string;
}

export const NOBODY: NobodyPrincipal = { kind: 'nobody' };
export const ADMIN: AdminPrincipal = { kind: 'admin' };

/** When the principal's credential ends, in milliseconds since the epoch; null if it does not end by itself. */
export function expiryOf(principal: Principal): number | null {
  return principal.kind === 'nobody' ? null : (principal.expiresAt ?? null);
}

/** The name that a commit records as its author: `uid`, `(admin)`, or null for nobody. Neither can be mistaken for a uid in rules. */
export function authorOf(principal: Principal): string | null {
  if (principal.kind === 'user') return principal.uid;
  return principal.kind === 'admin' ? '(admin)' : null;
}
