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
}

export interface AdminPrincipal {
  readonly kind: 'admin';
}

export const NOBODY: NobodyPrincipal = { kind: 'nobody' };
export const ADMIN: AdminPrincipal = { kind: 'admin' };

/** The name that a commit records as its author: `uid`, `(admin)`, or null for nobody. Neither can be mistaken for a uid in rules. */
export function authorOf(principal: Principal): string | null {
  if (principal.kind === 'user') return principal.uid;
  return principal.kind === 'admin' ? '(admin)' : null;
}
