import { parseClaims } from './claims.js';
import type { User } from './user.js';

/** An account as the private tree keeps it. What is absent is false or none. Times are milliseconds since the epoch. */
export interface AccountRecord {
  /** Goes up with every change of the record; changes are made on condition of it. */
  readonly version: number;
  /** Goes up when everything that was proven before is void: password changed, disabled, all sessions ended. */
  readonly generation: number;
  readonly createdAt: number;
  readonly email?: string;
  readonly emailVerified?: true;
  readonly username?: string;
  readonly displayName?: string;
  /** JSON; see `formatClaims`. */
  readonly claims?: string;
  readonly admin?: true;
  readonly disabled?: true;
  readonly anonymous?: true;
  /** Names of providers, each with the key of the identity there. */
  readonly identities?: Readonly<Record<string, string>>;
  /** Names of `AuthProvider`s, each with the claims (JSON) that it gave last; seen when signed in by it. */
  readonly providerClaims?: Readonly<Record<string, string>>;
}

/** What proves who the account is; never leaves the server. */
export interface SecretRecord {
  /** See `PasswordHasher`. */
  readonly password?: string;
  /** A secret of time-based codes in force. */
  readonly totp?: string;
  /** The step of the last code that was taken. */
  readonly totpStep?: number;
  /** A secret that waits for its first code. */
  readonly totpOffered?: string;
  /** Hashes of unused recovery codes, joined by commas. */
  readonly recoveryCodes?: string;
  /** Passkeys as JSON, by the hash of their ids. */
  readonly passkeys?: Readonly<Record<string, string>>;
}

export interface Account extends AccountRecord {
  readonly uid: string;
  readonly secrets: SecretRecord;
}

/** What its owner and admins may see. */
export function userOf(account: Account, signedInAt: number | null): User {
  return {
    uid: account.uid,
    email: account.email ?? null,
    emailVerified: account.emailVerified === true,
    username: account.username ?? null,
    displayName: account.displayName ?? null,
    claims: parseClaims(account.claims),
    admin: account.admin === true,
    disabled: account.disabled === true,
    anonymous: account.anonymous === true,
    providers: waysOf(account),
    secondFactor: account.secrets.totp !== undefined,
    createdAt: account.createdAt,
    signedInAt,
  };
}

/** By what the account can sign in. */
export function waysOf(account: Account): string[] {
  const { password, passkeys } = account.secrets;
  return [
    ...(password === undefined ? [] : ['password']),
    ...(passkeys === undefined ? [] : ['passkey']),
    ...Object.keys(account.identities ?? {}),
  ];
}

/** The same record with `changes`; undefined takes a field away. */
export function edited<T extends object>(record: T, changes: { readonly [K in keyof T]?: T[K] | undefined }): T {
  const entries = Object.entries({ ...record, ...changes }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
