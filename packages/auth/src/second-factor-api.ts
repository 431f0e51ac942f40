import type { Principal } from '@backside/protocol';
import type { Client } from './sign-in-api.js';

/** Time-based codes as a second factor. Who may call, and when a password is wanted: as `AccountApi`. */
export interface SecondFactorApi {
  /** A new secret, not in force before `confirm`; replaces an earlier one that was not confirmed. */
  enrol(
    actor: Principal,
    request: { readonly password?: string | undefined },
    client: Client,
  ): Promise<{ readonly secret: string; readonly uri: string }>;

  /** Puts the secret in force, given a code of it; all other sessions end. The recovery codes are shown this once; each is good for one sign-in. */
  confirm(
    actor: Principal,
    request: { readonly code: string },
    client: Client,
  ): Promise<{ readonly recoveryCodes: readonly string[] }>;

  /** Back to one factor; wants the password, if there is one, and a code. */
  disable(
    actor: Principal,
    request: { readonly password?: string | undefined; readonly code: string },
    client: Client,
  ): Promise<void>;
}
