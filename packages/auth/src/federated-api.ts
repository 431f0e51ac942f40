import type { BacksideError, Principal } from '@backside/protocol';
import type { Client, SignInResult } from './sign-in-api.js';

/** What the browser is sent away with. */
export interface FederatedStart {
  /** Where to send the browser. */
  readonly url: string;
  /** A secret for a cookie of this browser (HttpOnly, SameSite=Lax); `finish` wants it back. */
  readonly browserSecret: string;
  /** Until when the browser may come back; milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type FederatedResult =
  | (SignInResult & { readonly returnTo: string | null })
  /** The identity was linked to the account that asked for it. */
  | { readonly kind: 'linked'; readonly returnTo: string | null }
  /** Nothing came of it, but this is the browser that began it: it can be told where it wanted to go. */
  | { readonly kind: 'refused'; readonly error: BacksideError; readonly returnTo: string | null };

/**
 * Sign-in through OpenID Connect providers. State, nonce and the PKCE verifier stay in the private tree, are good for one use
 * and bound to the browser. An identity belongs to the account it is linked to; a new one to the account, if it is no admin's, that
 * has the same address verified on both sides, else to a new account.
 */
export interface FederatedApi {
  /**
   * Begins the code flow. `returnTo` is kept as it is and handed back: who calls checks it. With `actor` the identity will be linked to its
   * account, which is anonymous or has a verified address, as the identity must have then; `password` as in `AccountApi`, unless
   * the account is anonymous. `not-found` for an unknown provider.
   */
  start(
    request: {
      readonly provider: string;
      readonly redirectUri: string;
      readonly returnTo?: string | undefined;
      readonly actor?: Principal | undefined;
      readonly password?: string | undefined;
    },
    client: Client,
  ): Promise<FederatedStart>;

  /**
   * Ends the code flow with what the provider sent back. Any doubt is `unauthenticated`; a provider that is down `unavailable`. Rejects if
   * it is not for this browser to end; after that a refusal is a result.
   */
  finish(
    request: {
      readonly provider: string;
      readonly state: string;
      readonly browserSecret: string;
      /** Missing where the provider, or the user there, refused. */
      readonly code?: string | undefined;
      /** The reason then, as the provider names it (RFC 6749, 4.1.2.1). */
      readonly error?: string | undefined;
      /** The `iss` parameter of the callback, if it has one (RFC 9207). */
      readonly iss?: string | undefined;
    },
    client: Client,
  ): Promise<FederatedResult>;

  /** Signs in with an id token that the client got by itself. */
  idToken(
    request: { readonly provider: string; readonly idToken: string; readonly nonce?: string | undefined },
    client: Client,
  ): Promise<SignInResult>;

  /**
   * Takes a provider's identity from the account of `actor`, which must keep another way to sign in: `precondition-failed`.
   * `password` as in `AccountApi`.
   */
  unlink(
    actor: Principal,
    request: { readonly provider: string; readonly password?: string | undefined },
    client: Client,
  ): Promise<void>;
}
