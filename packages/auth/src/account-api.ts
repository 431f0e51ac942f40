import type { Principal } from '@backside/protocol';
import type { Session } from './session.js';
import type { Client, SignedIn } from './sign-in-api.js';
import type { User } from './user.js';

/**
 * What users do with their own account. `actor` comes from `Auth.authenticate` with an access token: only a session speaks for its account,
 * others are refused with `unauthenticated`. What could lock the owner out wants `password`; an account without one wants
 * a session begun within the last ten minutes, else `reauthentication-required`.
 */
export interface AccountApi {
  me(actor: Principal): Promise<User>;

  /** Null takes the display name away. */
  update(actor: Principal, request: { readonly displayName?: string | null | undefined }): Promise<User>;

  /** Mails a link to the new address; the old one stays until the link is followed. Says nothing about whether the address is in use. */
  changeEmail(
    actor: Principal,
    request: { readonly email: string; readonly password?: string | undefined },
    client: Client,
  ): Promise<void>;

  /** Sets the password and ends all sessions, then opens this new one. `weak-password`. */
  changePassword(
    actor: Principal,
    request: { readonly current?: string | undefined; readonly next: string },
    client: Client,
  ): Promise<SignedIn>;

  /** Mails a link that verifies the account's address; does nothing if it is verified. */
  requestVerification(actor: Principal, client: Client): Promise<void>;

  /** Does nothing for its owner, and rejects as `delete` for anybody else: for what others keep of an account and guard like this. */
  prove(actor: Principal, request: { readonly password?: string | undefined }, client: Client): Promise<void>;

  /** Deletes the account and all that belongs to it. */
  delete(actor: Principal, request: { readonly password?: string | undefined }, client: Client): Promise<void>;

  /** The last used first. */
  sessions(actor: Principal): Promise<readonly (Session & { readonly current: boolean })[]>;

  /** Ends one session of the account; its own included. `not-found`. */
  revokeSession(actor: Principal, id: string, client: Client): Promise<void>;

  /** Ends all sessions of the account but that of `actor`. */
  revokeOtherSessions(actor: Principal, client: Client): Promise<void>;
}
