import type { Json } from '@backside/tree';

/** The account that is signed in. Times are milliseconds since 1970, by the server's clock. */
export interface AuthUser {
  readonly uid: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly displayName: string | null;
  /** What rules see as `auth.token`. */
  readonly claims: Readonly<Record<string, Json>>;
  readonly admin: boolean;
  readonly disabled: boolean;
  readonly anonymous: boolean;
  /** The ways to sign in: `password`, `passkey`, names of providers. */
  readonly providers: readonly string[];
  /** Whether sign-in wants a code as well. */
  readonly secondFactor: boolean;
  readonly createdAt: number;
  readonly signedInAt: number | null;
}
