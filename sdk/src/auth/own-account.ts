import type { ProviderOptions } from './auth.js';
import type { AuthUser } from './user.js';

/**
 * The present password, for what could lock the owner out. An account that has none wants a sign-in of the last minutes instead. Where
 * neither is there the promise rejects with `reauthentication-required`, and with `unauthenticated` for a wrong one.
 */
export interface OwnerProof {
  readonly password?: string;
}

export type LinkOptions = ProviderOptions & OwnerProof;

export interface NewPasskey extends OwnerProof {
  /** By which its owner tells it from others, such as the name of the device. */
  readonly label?: string;
}

export interface Passkey {
  readonly id: string;
  readonly label: string | null;
  /** Milliseconds since 1970, by the server's clock. */
  readonly createdAt: number;
}

/** One device or browser that is signed in. Times are milliseconds since 1970, by the server's clock. */
export interface OwnSession {
  readonly id: string;
  /** How it was begun: `password`, `anonymous`, `custom`, `passkey`, the name of a provider. */
  readonly provider: string;
  /** How it names itself; a browser's `User-Agent`. */
  readonly label: string | null;
  /** The network address that it was last used from. */
  readonly address: string;
  readonly createdAt: number;
  readonly usedAt: number;
  /** When it ends unless it is used. */
  readonly expiresAt: number;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/**
 * What users do with their own account. Everything rejects with `unauthenticated` while nobody is signed in. `Auth.user` says what a
 * change came to by the time that its promise resolves.
 */
export interface OwnAccount {
  /** Null takes the name away. */
  rename(displayName: string | null): Promise<AuthUser>;
  /** Has a link mailed to the new address, which is the account's once it has been followed. Says nothing about whose it is now. */
  changeEmail(email: string, proof?: OwnerProof): Promise<void>;
  /** Has a link mailed that proves the account's address. Where it leads to is the server's to say: see `Auth.verifyEmail`. */
  requestVerification(): Promise<void>;
  /** Changes the password, or gives a first one to an account with a login. All other sessions end. Rejects with `weak-password`. */
  setPassword(next: string, proof?: OwnerProof): Promise<AuthUser>;
  /**
   * Leaves the page for the provider, whose identity then signs in to this account as well; the page that the browser comes back to
   * calls `completeSignIn`, which rejects with `precondition-failed` if the identity is that of another account. Only for pages of the
   * origin under which the server is reached from outside.
   */
  linkWithRedirect(provider: string, options?: LinkOptions): Promise<void>;
  /** The same in a window of its own. To be called in an event handler of a click, else browsers block the window. */
  linkWithPopup(provider: string, options?: LinkOptions): Promise<AuthUser>;
  /** The provider's identity is no way in any more. Rejects with `precondition-failed` if it is the only one. */
  unlink(provider: string, proof?: OwnerProof): Promise<AuthUser>;
  passkeys(): Promise<readonly Passkey[]>;
  /** Asks the user for a passkey of this device. Rejects with `timeout` if none was made, `precondition-failed` if the device has one already. */
  addPasskey(options?: NewPasskey): Promise<Passkey>;
  /** Rejects with `precondition-failed` if it is the only way in. */
  removePasskey(id: string, proof?: OwnerProof): Promise<AuthUser>;
  /** Where the account is signed in, the last used first. */
  sessions(): Promise<readonly OwnSession[]>;
  endSession(id: string): Promise<void>;
  /** Signs out everywhere else. */
  endOtherSessions(): Promise<void>;
  /** Deletes the account and all that the server keeps of it beside the tree; nobody is signed in then. */
  delete(proof?: OwnerProof): Promise<void>;
}
