import type { AccountServer } from './account-server.js';
import type { LinkOptions, NewPasskey, OwnAccount, OwnerProof, OwnSession, Passkey } from './own-account.js';
import { makePasskey, type PasskeyCeremony } from './passkeys.js';
import type { Departure, ProviderSignIn } from './provider-sign-in.js';
import type { StoredSession } from './stored-session.js';
import type { AuthUser } from './user.js';

export interface AccountClientParts {
  readonly server: AccountServer;
  readonly providers: ProviderSignIn;
  /** Tells the database who is signed in. */
  readonly signedIn: (session: StoredSession) => Promise<AuthUser>;
  /** Ends the session here. */
  readonly forget: () => Promise<void>;
}

/** See `OwnAccount`. */
export class AccountClient implements OwnAccount {
  readonly #parts: AccountClientParts;
  readonly #server: AccountServer;

  constructor(parts: AccountClientParts) {
    this.#parts = parts;
    this.#server = parts.server;
  }

  async rename(displayName: string | null): Promise<AuthUser> {
    const request = { method: 'PATCH', path: '/auth/me', body: { displayName } } as const;
    return this.#server.keep(await this.#server.ask<AuthUser>(request));
  }

  changeEmail(email: string, proof: OwnerProof = {}): Promise<void> {
    return this.#tell('POST', '/auth/email', { email, ...proof });
  }

  requestVerification(): Promise<void> {
    return this.#tell('POST', '/auth/verify', {});
  }

  async setPassword(next: string, { password }: OwnerProof = {}): Promise<AuthUser> {
    const body = { next, ...(password !== undefined && { current: password }) };
    return this.#parts.signedIn(await this.#server.replaceSession('/auth/password', body));
  }

  linkWithRedirect(provider: string, { returnTo, ...proof }: LinkOptions = {}): Promise<void> {
    return this.#parts.providers.redirect(this.#departureTo(provider, proof), returnTo);
  }

  async linkWithPopup(provider: string, { returnTo, ...proof }: LinkOptions = {}): Promise<AuthUser> {
    await this.#parts.providers.popup(this.#departureTo(provider, proof), returnTo);
    return this.#server.user();
  }

  /** The server ties the way to the browser by a cookie. */
  #departureTo(provider: string, proof: OwnerProof): Departure {
    return async (comingBack) => {
      const body = { ...comingBack, ...proof };
      const path = `${providerPath(provider)}/link`;
      const { url } = await this.#server.ask<{ url: string }>({ method: 'POST', path, body, cookies: true });
      return url;
    };
  }

  async unlink(provider: string, proof: OwnerProof = {}): Promise<AuthUser> {
    await this.#tell('DELETE', providerPath(provider), { ...proof });
    return this.#server.user();
  }

  async passkeys(): Promise<readonly Passkey[]> {
    const request = { method: 'GET', path: '/auth/passkeys' } as const;
    return (await this.#server.ask<{ passkeys: Passkey[] }>(request)).passkeys;
  }

  async addPasskey({ label, ...proof }: NewPasskey = {}): Promise<Passkey> {
    const question = { method: 'POST', path: '/auth/passkeys/options', body: { ...proof } } as const;
    const asked = await this.#server.ask<PasskeyCeremony>(question);
    const response = await makePasskey(asked);
    const body = { ceremony: asked.ceremony, response, ...(label !== undefined && { label }) };
    const passkey = await this.#server.ask<Passkey>({ method: 'POST', path: '/auth/passkeys', body });
    await this.#server.user();
    return passkey;
  }

  async removePasskey(id: string, proof: OwnerProof = {}): Promise<AuthUser> {
    await this.#tell('DELETE', `/auth/passkeys/${encodeURIComponent(id)}`, { ...proof });
    return this.#server.user();
  }

  async sessions(): Promise<readonly OwnSession[]> {
    const request = { method: 'GET', path: '/auth/sessions' } as const;
    return (await this.#server.ask<{ sessions: OwnSession[] }>(request)).sessions;
  }

  endSession(id: string): Promise<void> {
    return this.#tell('DELETE', `/auth/sessions/${encodeURIComponent(id)}`, {});
  }

  endOtherSessions(): Promise<void> {
    return this.#tell('DELETE', '/auth/sessions', {});
  }

  async delete(proof: OwnerProof = {}): Promise<void> {
    await this.#tell('DELETE', '/auth/me', { ...proof });
    await this.#parts.forget();
  }

  async #tell(method: 'POST' | 'DELETE', path: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#server.ask({ method, path, body });
  }
}

function providerPath(provider: string): string {
  return `/auth/oidc/${encodeURIComponent(provider)}`;
}
