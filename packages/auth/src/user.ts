/** JSON data about a user that rules see in `auth.token`. */
export type Claims = Readonly<Record<string, unknown>>;

/** An account as its owner and admins see it. Times are milliseconds since the epoch. */
export interface User {
  readonly uid: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly claims: Claims;
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
