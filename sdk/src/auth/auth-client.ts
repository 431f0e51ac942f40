import { AccountClient } from './account-client.js';
import { AccountServer } from './account-server.js';
import type { Auth, NewAccount, ProviderOptions, SignInWays } from './auth.js';
import { type AuthServer, ChallengeError } from './auth-server.js';
import type { ConnectionToken } from './connection-token.js';
import type { OwnAccount } from './own-account.js';
import { choosePasskey, type PasskeyCeremony } from './passkeys.js';
import type { Departure, Proof, ProviderSignIn } from './provider-sign-in.js';
import { SecondFactorError } from './second-factor-error.js';
import type { SessionKeeper } from './session-keeper.js';
import type { SessionReply, StoredSession } from './stored-session.js';
import type { AuthUser } from './user.js';

export interface AuthClientParts {
  readonly server: AuthServer;
  readonly keeper: SessionKeeper;
  readonly connection: ConnectionToken;
  readonly providers: ProviderSignIn;
  readonly ready: Promise<void>;
  /** Drops what this device has of whoever is signed in. */
  readonly clearCache: () => Promise<void>;
  readonly onAuthChange: Auth['onAuthChange'];
  readonly close: () => void;
}

/** The ways to be signed in, over the session and the server. */
export class AuthClient implements Auth {
  readonly ready: Promise<void>;
  readonly onAuthChange: Auth['onAuthChange'];
  readonly close: () => void;
  readonly account: OwnAccount;
  readonly #server: AuthServer;
  readonly #own: AccountServer;
  readonly #keeper: SessionKeeper;
  readonly #connection: ConnectionToken;
  readonly #providers: ProviderSignIn;
  readonly #clearCache: () => Promise<void>;

  constructor(parts: AuthClientParts) {
    this.#server = parts.server;
    this.#keeper = parts.keeper;
    this.#connection = parts.connection;
    this.#providers = parts.providers;
    this.#clearCache = parts.clearCache;
    this.ready = parts.ready;
    this.onAuthChange = parts.onAuthChange;
    this.close = parts.close;
    this.#own = new AccountServer(parts.server, parts.keeper, parts.ready);
    this.account = new AccountClient({
      server: this.#own,
      providers: parts.providers,
      signedIn: (session) => this.#signedIn(session),
      forget: async () => {
        await this.#keeper.end();
        await this.#leave();
      },
    });
  }

  get user(): AuthUser | null {
    return this.#keeper.session?.user ?? null;
  }

  signUp(account: NewAccount): Promise<AuthUser> {
    return this.#begin('/auth/signup', { ...account });
  }

  signIn(login: string, password: string): Promise<AuthUser> {
    return this.#begin('/auth/login', { login, password });
  }

  signInAnonymously(): Promise<AuthUser> {
    return this.#begin('/auth/anonymous', {});
  }

  signInWithCustomToken(token: string): Promise<AuthUser> {
    return this.#begin('/auth/custom', { token });
  }

  async upgrade(account: NewAccount): Promise<AuthUser> {
    return this.#signedIn(await this.#own.replaceSession('/auth/upgrade', { ...account }));
  }

  signInWithRedirect(provider: string, { returnTo }: ProviderOptions = {}): Promise<void> {
    return this.#providers.redirect(this.#departureTo(provider), returnTo);
  }

  async signInWithPopup(provider: string, { returnTo }: ProviderOptions = {}): Promise<AuthUser> {
    return this.#prove(await this.#providers.popup(this.#departureTo(provider), returnTo));
  }

  #departureTo(provider: string): Departure {
    return async (comingBack) => this.#server.address(`/auth/oidc/${encodeURIComponent(provider)}`, comingBack);
  }

  async signInWithPasskey({ signal }: { readonly signal?: AbortSignal } = {}): Promise<AuthUser> {
    const question = { method: 'POST', path: '/auth/login/passkey/options', body: {} } as const;
    const asked = await this.#server.ask<PasskeyCeremony>(question);
    const response = await choosePasskey(asked, signal);
    return this.#begin('/auth/login/passkey', { ceremony: asked.ceremony, response });
  }

  async completeSignIn(): Promise<AuthUser | null> {
    const proof = this.#providers.complete();
    return proof === null ? null : this.#prove(proof);
  }

  async #prove(proof: Proof): Promise<AuthUser> {
    if ('linked' in proof) return this.#own.user();
    if ('challenge' in proof) throw this.#wantsSecondFactor(new ChallengeError(proof.challenge, null));
    return this.#signedIn(await this.#keeper.exchange(proof.refreshToken));
  }

  async me(): Promise<AuthUser | null> {
    return (await this.token()) === null ? null : this.#own.user();
  }

  ways(): Promise<SignInWays> {
    return this.#server.ask({ method: 'GET', path: '/auth/ways' });
  }

  requestPasswordReset(login: string): Promise<void> {
    return this.#tell('/auth/reset', { login });
  }

  resetPassword(token: string, password: string): Promise<void> {
    return this.#tell('/auth/reset', { token, password });
  }

  verifyEmail(token: string): Promise<void> {
    return this.#tell('/auth/verify', { token });
  }

  async #tell(path: string, body: Readonly<Record<string, string>>): Promise<void> {
    await this.#server.ask({ method: 'POST', path, body });
  }

  async signOut(): Promise<void> {
    await this.ready;
    const refreshToken = await this.#keeper.end();
    await Promise.all([this.#leave(), this.#logout(refreshToken)]);
  }

  /** Nothing of who was signed in stays, nor of what comes until the server has noticed. */
  async #leave(): Promise<void> {
    const renewed = this.#connection.renew().finally(this.#clearCache);
    await Promise.all([this.#clearCache(), renewed]);
  }

  async #logout(refreshToken: string | null): Promise<void> {
    if (refreshToken === null) return;
    await this.#tell('/auth/logout', { refreshToken });
  }

  async token(): Promise<string | null> {
    await this.ready;
    return (await this.#keeper.usable())?.accessToken ?? null;
  }

  async #begin(path: string, body: Readonly<Record<string, unknown>>): Promise<AuthUser> {
    await this.ready;
    try {
      const reply = await this.#server.ask<SessionReply>({ method: 'POST', path, body });
      return await this.#signedIn(await this.#keeper.begin(reply));
    } catch (error) {
      throw error instanceof ChallengeError ? this.#wantsSecondFactor(error) : error;
    }
  }

  /** The database knows as well by the time that the application does. */
  async #signedIn({ user }: StoredSession): Promise<AuthUser> {
    await this.#connection.renew();
    return user;
  }

  #wantsSecondFactor({ challenge, expiresAt }: ChallengeError): SecondFactorError {
    return new SecondFactorError((code) => this.#begin('/auth/login/totp', { challenge, code }), expiresAt);
  }
}
