import { BacksideError } from '@backside/protocol';
import type { Auth, NewAccount, ProviderOptions } from './auth.js';
import { type AuthServer, ChallengeError } from './auth-server.js';
import type { ConnectionToken } from './connection-token.js';
import type { Proof, ProviderSignIn } from './provider-sign-in.js';
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
  readonly onAuthChange: Auth['onAuthChange'];
  readonly close: () => void;
}

/** The ways to be signed in, over the session and the server. */
export class AuthClient implements Auth {
  readonly ready: Promise<void>;
  readonly onAuthChange: Auth['onAuthChange'];
  readonly close: () => void;
  readonly #server: AuthServer;
  readonly #keeper: SessionKeeper;
  readonly #connection: ConnectionToken;
  readonly #providers: ProviderSignIn;

  constructor(parts: AuthClientParts) {
    this.#server = parts.server;
    this.#keeper = parts.keeper;
    this.#connection = parts.connection;
    this.#providers = parts.providers;
    this.ready = parts.ready;
    this.onAuthChange = parts.onAuthChange;
    this.close = parts.close;
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
    await this.#token();
    const session = await this.#keeper.replace(({ accessToken }) =>
      this.#server.ask({ method: 'POST', path: '/auth/upgrade', body: { ...account }, token: accessToken }),
    );
    return this.#signedIn(session);
  }

  async signInWithRedirect(provider: string, { returnTo }: ProviderOptions = {}): Promise<void> {
    this.#providers.redirect(provider, returnTo);
  }

  async signInWithPopup(provider: string, { returnTo }: ProviderOptions = {}): Promise<AuthUser> {
    return this.#prove(await this.#providers.popup(provider, returnTo));
  }

  async completeSignIn(): Promise<AuthUser | null> {
    const proof = this.#providers.complete();
    return proof === null ? null : this.#prove(proof);
  }

  async #prove(proof: Proof): Promise<AuthUser> {
    if ('challenge' in proof) throw this.#wantsSecondFactor(new ChallengeError(proof.challenge, null));
    return this.#signedIn(await this.#keeper.exchange(proof.refreshToken));
  }

  async me(): Promise<AuthUser | null> {
    const token = await this.token();
    if (token === null) return null;
    const user = await this.#server.ask<AuthUser>({ method: 'GET', path: '/auth/me', token });
    await this.#keeper.update((session) => (session.user.uid === user.uid ? { ...session, user } : session));
    return user;
  }

  async signOut(): Promise<void> {
    await this.ready;
    const refreshToken = await this.#keeper.end();
    await Promise.all([this.#connection.renew(), this.#logout(refreshToken)]);
  }

  async #logout(refreshToken: string | null): Promise<void> {
    if (refreshToken === null) return;
    await this.#server.ask({ method: 'POST', path: '/auth/logout', body: { refreshToken } });
  }

  async token(): Promise<string | null> {
    await this.ready;
    return (await this.#keeper.usable())?.accessToken ?? null;
  }

  /** Rejects with `unauthenticated` if nobody is signed in. */
  async #token(): Promise<string> {
    const session = await this.#keeper.usable();
    if (session === null) throw new BacksideError('unauthenticated', 'nobody is signed in');
    return session.accessToken;
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
