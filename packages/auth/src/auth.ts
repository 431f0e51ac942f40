import type { Credentials, Principal } from '@backside/protocol';
import type { AccountApi } from './account-api.js';
import type { AuditEntry } from './audit.js';
import type { DeviceApi } from './device-api.js';
import type { FederatedApi } from './federated-api.js';
import type { PasskeyApi } from './passkey-api.js';
import type { SecondFactorApi } from './second-factor-api.js';
import type { SignInApi } from './sign-in-api.js';
import type { UserApi } from './user-api.js';

/**
 * Who the users of one database are and how they prove it. Every node makes its own over the same private tree; what one does
 * the others know as soon as they follow.
 *
 * All methods take and give plain objects; all refusals are `BacksideError`s. Whatever is wrong with a sign-in (no such account, wrong
 * secret, disabled, foreign or expired token) is refused as `unauthenticated` with one and the same text. Too many attempts are
 * `rate-limited` with `retryAfterMs`. Nothing here answers before it is durable.
 */
export interface Auth {
  /** The name of the database whose users these are. */
  readonly database: string;

  /** What clients may choose from. */
  readonly ways: Ways;

  /**
   * Who `credentials` prove. With neither login nor token: nobody. A token may be an access token, a custom token or an id
   * token of a configured provider; a login is an e-mail address, a username, a device key, or what an `AuthProvider` knows.
   * Opens no session. An account with a second factor cannot sign in by password here: `second-factor-required`.
   */
  authenticate(credentials: Credentials): Promise<Principal>;

  /**
   * Calls `changed` with the successor of `principal` whenever its role or claims change, and with nobody, then never again,
   * when its session was revoked or its account disabled or deleted, here or on any node. What happened between `authenticate` and this
   * call is told, too. Never calls before it returns. Expiry is not told: see `expiryOf`.
   */
  watch(principal: Principal, changed: (next: Principal) => void): () => void;

  /**
   * Who `principal` is by now, as far as this node knows: its successor where its role or claims have changed. For requests that go on
   * for a while after they were let in. Throws `unauthenticated` for whom `watch` would tell that nobody is left, and after expiry.
   */
  current(principal: Principal): Principal;

  readonly signIn: SignInApi;
  readonly federated: FederatedApi;
  readonly account: AccountApi;
  readonly secondFactor: SecondFactorApi;
  /** Null where browsers have none: the public URL is missing, or neither https nor localhost. */
  readonly passkeys: PasskeyApi | null;
  readonly users: UserApi;
  readonly devices: DeviceApi;

  /** The newest audit events first; for admins, else `permission-denied`. */
  audit(actor: Principal, page?: { readonly limit?: number | undefined }): Promise<readonly AuditEntry[]>;

  /**
   * Puts a new signing key in charge, shortly: nodes learn of it first. Tokens signed before stay good until they expire. With
   * `immediately` the old keys are void at once and every access token with them; refresh tokens go on. For admins.
   */
  rotateKeys(actor: Principal, options?: { readonly immediately?: boolean | undefined }): Promise<void>;

  /** Housekeeping in bounded steps: keys that are due, what has expired. To be called every minute or so on at least one node. */
  maintain(): Promise<void>;

  /** Resolves when what was begun in the background (mails, audit records) is done. */
  settled(): Promise<void>;

  /** Stops following the private tree; then as `settled`. */
  close(): Promise<void>;
}

export interface Ways {
  readonly password: boolean;
  readonly signUp: boolean;
  readonly anonymous: boolean;
  readonly custom: boolean;
  /** Names of OpenID Connect providers. */
  readonly oidc: readonly string[];
  readonly passkeys: boolean;
  /** Whether mails can be sent: reset and verification. */
  readonly mail: boolean;
}
