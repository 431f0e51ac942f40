import type { Claims } from './user.js';

/** Somebody whom an `AuthProvider` knows. */
export interface ProviderUser {
  /** Stable, and never given to somebody else: the account hangs on it. */
  readonly id: string;
  readonly email?: string | undefined;
  /** Whether the provider vouches for the address. */
  readonly emailVerified?: boolean | undefined;
  readonly displayName?: string | undefined;
  /** Seen by rules while a session of this provider lasts. */
  readonly claims?: Claims | undefined;
}

/**
 * How an application plugs in its own directory of users. Asked in the configured order for logins and passwords that no account
 * of the database has; accounts are made at the first sign-in.
 */
export interface AuthProvider {
  /** Lower-case letters, digits and `-`, beginning with a letter. */
  readonly name: string;
  /** Null if the login is not known or the secret is wrong. Rejects only if it cannot tell; the sign-in is then `unavailable`. */
  authenticate(login: string, secret: string): Promise<ProviderUser | null>;
  /** Asked at each refresh: null ends the session. */
  getUserById(id: string): Promise<ProviderUser | null>;
}
