import type { Connection } from '../link/connection.js';
import type { OwnAccount } from './own-account.js';
import type { AuthStorage } from './storage.js';
import type { AuthUser } from './user.js';

/** What auth needs of the database that it signs in to. */
export interface AuthDatabase {
  readonly connection: Pick<Connection, 'setToken' | 'user' | 'onUser' | 'status'>;
  /** See `Database.expectUser`. */
  expectUser?(uid: () => Promise<string | null>): void;
  /** See `Database.clearCache`. */
  clearCache?(): Promise<void>;
}

export interface AuthOptions {
  /** The server's HTTP address, such as `https://data.example.com`. */
  readonly url: string;
  /** Default: `localStorage` where there is one, else memory. */
  readonly storage?: AuthStorage;
  /** The name of the database, where the server has several and neither the host's first label nor the first one is meant. */
  readonly database?: string;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Where errors of work in the background go. Default: `reportError` where there is one, else the console. */
  readonly report?: (error: unknown) => void;
}

/** A new account; at least one of e-mail and username. */
export interface NewAccount {
  readonly email?: string;
  readonly username?: string;
  readonly password: string;
  readonly displayName?: string;
}

/** How a browser goes to an OpenID Connect provider. */
export interface ProviderOptions {
  /** A page of this application that the server allows (`allowedRedirects`) and that calls `completeSignIn`. Default: this page. */
  readonly returnTo?: string;
}

/** The ways to sign in that the server offers. */
export interface SignInWays {
  readonly signUp: boolean;
  readonly password: boolean;
  readonly anonymous: boolean;
  readonly custom: boolean;
  readonly passkeys: boolean;
  /** Names of OpenID Connect providers. */
  readonly oidc: readonly string[];
  /** Whether mails can be sent: for a forgotten password, and to prove an address. */
  readonly mail: boolean;
}

/**
 * Who uses the application: signs in and out, keeps the session over reloads and renews it before it expires, in one tab at a time, and
 * keeps the database's connection signed in. Everything that asks the server rejects with a `BacksideError`, whose code is
 * `unavailable` if it could not be reached; a sign-in that was refused changes nothing about who is signed in.
 */
export interface Auth {
  /** Null while nobody is, and until `ready`. */
  readonly user: AuthUser | null;
  /** Resolves when it is known who was signed in before. Never rejects. */
  readonly ready: Promise<void>;
  /** What users do with their own account. */
  readonly account: OwnAccount;
  /** Which of the ways below are open. */
  ways(): Promise<SignInWays>;
  /** Called once it is known who is signed in, then whenever another user is, or the user's account says something else. */
  onAuthChange(listener: (user: AuthUser | null) => void): () => void;
  signUp(account: NewAccount): Promise<AuthUser>;
  /** By e-mail or username. Rejects with `SecondFactorError` if the account wants a code as well. */
  signIn(login: string, password: string): Promise<AuthUser>;
  signInAnonymously(): Promise<AuthUser>;
  /** Gives the anonymous account that is signed in a login and a password; its uid stays. */
  upgrade(account: NewAccount): Promise<AuthUser>;
  /** With a token that the application's own server has signed. */
  signInWithCustomToken(token: string): Promise<AuthUser>;
  /** Leaves the page for the provider; the page that the browser comes back to calls `completeSignIn`. */
  signInWithRedirect(provider: string, options?: ProviderOptions): Promise<void>;
  /** In a window of its own. To be called in an event handler of a click, else browsers block the window. */
  signInWithPopup(provider: string, options?: ProviderOptions): Promise<AuthUser>;
  /** Asks the user for a passkey of this site. Rejects with `timeout` if none was chosen. */
  signInWithPasskey(options?: { readonly signal?: AbortSignal }): Promise<AuthUser>;
  /**
   * Ends what `signInWithRedirect`, `signInWithPopup` or one of their siblings in `account` began, on the page that the browser came
   * back to; null if it did not come from there, or was a popup, which closes. Rejects with `SecondFactorError` as `signIn` does.
   */
  completeSignIn(): Promise<AuthUser | null>;
  /** Has a link mailed to whoever has the login. Resolves in the same way if nobody does. */
  requestPasswordReset(login: string): Promise<void>;
  /** With the token of that link, which is good for one use. All sessions of the account end. Rejects with `weak-password`. */
  resetPassword(token: string, password: string): Promise<void>;
  /** With the token of a link that proves an address, where such links lead to the application and not to the server's own page. */
  verifyEmail(token: string): Promise<void>;
  /** The account as the server knows it now; null if nobody is signed in. */
  me(): Promise<AuthUser | null>;
  /**
   * Nobody is signed in here as soon as this is called, and nothing of who leaves stays on this device: what is stored is dropped, and
   * writes without an answer reject with `unauthenticated`; await those that matter first. A session that ends otherwise drops nothing:
   * what its user has left is not shown to others, and there when that user is back. Rejects with `unavailable` if the server could not be
   * told.
   */
  signOut(): Promise<void>;
  /** A token that still holds for a while, for calls of the application's own; null if nobody is signed in. */
  token(): Promise<string | null>;
  /** Ends renewal and listening to other tabs. Whoever is signed in stays so. */
  close(): void;
}
