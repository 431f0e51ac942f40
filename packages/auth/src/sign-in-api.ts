import type { Principal } from '@backside/protocol';
import type { Session } from './session.js';
import type { User } from './user.js';

/** Where a request came from; never believed from the request's own text. */
export interface Client {
  /** The address of the peer, or of the client behind a trusted proxy. */
  readonly address: string;
  /** What to call the device in the list of sessions, e.g. its user agent; shortened to 120 characters. */
  readonly label?: string | undefined;
}

/** A session with its tokens. */
export interface SignedIn {
  readonly kind: 'signed-in';
  readonly user: User;
  readonly session: Session;
  /** A JWT. Verified locally by every node. */
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly accessExpiresAt: number;
  /** Opaque, good for one use. */
  readonly refreshToken: string;
  /** When the refresh token ends unless used; milliseconds since the epoch. */
  readonly refreshExpiresAt: number;
}

/** The first factor was right; `SignInApi.secondFactor` wants this challenge and a code. */
export interface SecondFactorRequired {
  readonly kind: 'second-factor-required';
  readonly challenge: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type SignInResult = SignedIn | SecondFactorRequired;

export interface SignUpRequest {
  /** At least one of e-mail and username. */
  readonly email?: string | undefined;
  /** 3 to 64 of `a-z 0-9 . _ -` after NFKC and lower-casing, a letter or digit at both ends. */
  readonly username?: string | undefined;
  readonly password: string;
  readonly displayName?: string | undefined;
}

/** The ways to a session. */
export interface SignInApi {
  /**
   * A new account with a password, signed in. `permission-denied` if sign-up is closed, `weak-password`, `email-in-use`,
   * `username-in-use`, `invalid-data`. A mail to verify the address is sent if mails can be.
   */
  signUp(request: SignUpRequest, client: Client): Promise<SignedIn>;

  /** Password of an account, or of what an `AuthProvider` knows. */
  password(request: { readonly login: string; readonly password: string }, client: Client): Promise<SignInResult>;

  /** A time-based code or a recovery code for a challenge; a challenge takes few wrong codes. */
  secondFactor(request: { readonly challenge: string; readonly code: string }, client: Client): Promise<SignedIn>;

  /** An account without a name. `permission-denied` if not open. */
  anonymous(client: Client): Promise<SignedIn>;

  /** Gives the anonymous account of `actor` a login and a password; it keeps its uid and session. */
  upgrade(actor: Principal, request: SignUpRequest, client: Client): Promise<SignedIn>;

  /** A token signed by a key of the application. Never makes an admin, whatever it says. */
  custom(request: { readonly token: string }, client: Client): Promise<SignedIn>;

  /**
   * Trades a refresh token for new tokens. A used one that comes again ends the session, for it was copied, with one exception: a
   * client that did not get the answer may repeat the request within a minute if both bear the same `attempt`, a secret that it drew for
   * this refresh (16 to 128 characters); it gets the same successor again.
   */
  refresh(
    request: { readonly refreshToken: string; readonly attempt?: string | undefined },
    client: Client,
  ): Promise<SignedIn>;

  /** Ends the session of a refresh token. Says nothing about whether there was one. */
  logout(request: { readonly refreshToken: string }, client: Client): Promise<void>;

  /** Mails a link to set a new password. Answers the same, as fast, for an unknown login. `unavailable` if mails cannot be sent. */
  requestReset(request: { readonly login: string }, client: Client): Promise<void>;

  /** Sets the password by the token of such a link; ends all sessions. `expired` if the token is used, old or wrong. */
  reset(request: { readonly token: string; readonly password: string }, client: Client): Promise<void>;

  /** Marks an address as verified by the token of a link; applies a change of address. `expired` if the token is used, old or wrong. */
  verifyEmail(request: { readonly token: string }, client: Client): Promise<void>;
}
