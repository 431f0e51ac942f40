import type { Principal } from '@backside/protocol';
import type { Client, SignedIn } from './sign-in-api.js';

/** A passkey as its owner sees it. */
export interface PasskeyInfo {
  /** For `remove`; not the credential's own id. */
  readonly id: string;
  readonly label: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** One exchange with the browser's WebAuthn. */
export interface PasskeyCeremony {
  /** To be handed back with the browser's response; good for one use within five minutes. */
  readonly ceremony: string;
  /** For `navigator.credentials`, as JSON (WebAuthn Level 3, `parseCreationOptionsFromJSON` and its sibling). */
  readonly options: unknown;
}

/**
 * Passkeys (WebAuthn). One proves possession and, by its user verification, the presence of its owner: it stands for both
 * factors. When `password` is wanted: as `AccountApi`.
 */
export interface PasskeyApi {
  list(actor: Principal): Promise<readonly PasskeyInfo[]>;

  startRegistration(
    actor: Principal,
    request: { readonly password?: string | undefined },
    client: Client,
  ): Promise<PasskeyCeremony>;

  /** `invalid-data` if the response does not fit; `precondition-failed` for the twenty-first passkey of an account. */
  finishRegistration(
    actor: Principal,
    request: { readonly ceremony: string; readonly response: unknown; readonly label?: string | undefined },
    client: Client,
  ): Promise<PasskeyInfo>;

  /** `not-found`; `precondition-failed` if it is the only way to sign in. */
  remove(
    actor: Principal,
    request: { readonly id: string; readonly password?: string | undefined },
    client: Client,
  ): Promise<void>;

  /** Begins a sign-in with whatever passkey the browser has for this site. */
  startSignIn(client: Client): Promise<PasskeyCeremony>;

  finishSignIn(request: { readonly ceremony: string; readonly response: unknown }, client: Client): Promise<SignedIn>;
}
