import type { Principal } from '@backside/protocol';
import type { Session } from './session.js';
import type { Client, SignedIn } from './sign-in-api.js';
import type { Claims, User } from './user.js';

export interface NewUser {
  readonly uid?: string | undefined;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** bcrypt (`$2a$`, `$2b$`, `$2y$`) from another system, instead of a password; made anew at the first sign-in. */
  readonly passwordHash?: string | undefined;
  readonly displayName?: string | undefined;
  readonly claims?: Claims | undefined;
  readonly admin?: boolean | undefined;
  readonly disabled?: boolean | undefined;
}

/** What is left out stays; null takes away. */
export interface UserChange {
  readonly email?: string | null | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly username?: string | null | undefined;
  readonly password?: string | undefined;
  readonly displayName?: string | null | undefined;
  readonly claims?: Claims | null | undefined;
  readonly admin?: boolean | undefined;
  readonly disabled?: boolean | undefined;
}

export interface UserPage {
  readonly users: readonly User[];
  /** What `after` takes for the next page; null on the last. */
  readonly next: string | null;
}

/** What admins do with accounts. Every method refuses others with `permission-denied`. */
export interface UserApi {
  /** In order of uid keys. At most 1,000 at a time, 100 if not said. */
  list(
    actor: Principal,
    page?: { readonly after?: string | undefined; readonly limit?: number | undefined },
  ): Promise<UserPage>;

  /** `not-found`. */
  get(actor: Principal, uid: string): Promise<User>;

  /** The account of an e-mail address or username, or null. */
  find(actor: Principal, login: string): Promise<User | null>;

  /** `email-in-use`, `username-in-use`, `precondition-failed` if the uid is taken, `weak-password`, `invalid-data`. */
  create(actor: Principal, user: NewUser, client?: Client): Promise<User>;

  /**
   * Role, claims and disabling take effect on every open connection of every node. A new password and disabling end all
   * sessions. Admins cannot disable themselves or give up their own role: `permission-denied`.
   */
  update(actor: Principal, uid: string, change: UserChange, client?: Client): Promise<User>;

  /** Deletes the account and all that belongs to it. Admins cannot delete themselves. */
  delete(actor: Principal, uid: string, client?: Client): Promise<void>;

  /**
   * Ends all sessions, removes password, passkeys and second factor, and makes a token for `SignInApi.reset`. With `mail` the link is mailed
   * and the token not returned.
   */
  reset(
    actor: Principal,
    uid: string,
    options?: { readonly mail?: boolean | undefined },
    client?: Client,
  ): Promise<{ readonly token: string | null }>;

  sessions(actor: Principal, uid: string): Promise<readonly Session[]>;

  /** Ends one session, or all of them. */
  revokeSessions(
    actor: Principal,
    uid: string,
    options?: { readonly session?: string | undefined },
    client?: Client,
  ): Promise<void>;

  /**
   * A session of any uid, for tools; the account is made if there is none. `claims` are seen in this session only, over those of
   * the account. Not for accounts of admins other than the actor's.
   */
  issue(
    actor: Principal,
    request: { readonly uid: string; readonly claims?: Claims | undefined; readonly label?: string | undefined },
    client?: Client,
  ): Promise<SignedIn>;
}
