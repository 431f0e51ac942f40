import { type Auth, parseLogin, type User } from '@backside/auth';
import { ADMIN, BacksideError } from '@backside/protocol';
import { LRUCache } from 'lru-cache';
import { LegacyError } from '../http/legacy-error.js';

/** Revoked and disabled accounts are refused everywhere within a second. */
const STANDING_MS = 1_000;

/** The address of what the server looks up by itself. */
const LOCAL = 'local';

/** What a weak password is answered with. */
const POLICY = 'at least 8 characters that are not among the first anybody would guess, and not the login';

/** The accounts of `@backside/auth` behind those of the legacy API: same id, same login where its form allows it. */
export class UserAccounts {
  readonly #auth: Auth;
  readonly #now: () => number;
  readonly #standing: LRUCache<string, { readonly user: User | null; readonly at: number }> = new LRUCache({
    max: 10_000,
  });

  constructor(auth: Auth, now: () => number) {
    this.#auth = auth;
    this.#now = now;
  }

  /** The same as `get`, as it was at most a second ago: asked with every request. */
  async standing(id: string): Promise<User | null> {
    const known = this.#standing.get(id);
    const now = this.#now();
    if (known !== undefined && now - known.at < STANDING_MS && now >= known.at) return known.user;
    const user = await this.get(id);
    this.#standing.set(id, { user, at: now });
    return user;
  }

  /** Null if there is none. */
  async get(id: string): Promise<User | null> {
    try {
      return await this.#auth.users.get(ADMIN, id);
    } catch (error) {
      if (isRefusal(error, 'not-found')) return null;
      throw error;
    }
  }

  /** Throws 409 if the login is in use, 400 with `policy` for a weak password. A weak secret is merely no password. */
  async create(wish: {
    readonly id: string;
    readonly login: string;
    readonly secret?: string | undefined;
    readonly password?: string | undefined;
  }): Promise<{ readonly hasPassword: boolean }> {
    const { id, login, password, secret } = wish;
    const parsed = parseLogin(login);
    if (parsed === null && password !== undefined) {
      throw new LegacyError(400, 'Only an e-mail address or a username can have a password');
    }
    const names = parsed === null ? {} : { [parsed.kind]: parsed.text };
    const wished = parsed === null ? undefined : (password ?? secret);
    try {
      await this.#auth.users.create(ADMIN, { uid: id, ...names, password: wished });
      return { hasPassword: wished !== undefined };
    } catch (error) {
      if (isRefusal(error, 'email-in-use') || isRefusal(error, 'username-in-use')) {
        throw new LegacyError(409, 'This login is already taken', 'DUPLICATE');
      }
      if (!isRefusal(error, 'weak-password')) throw error;
      if (password !== undefined) throw weakPassword(error.message);
      await this.#auth.users.create(ADMIN, { uid: id, ...names });
      return { hasPassword: false };
    }
  }

  /** Whether an account has this password now. Looking is a sign-in as far as waits and the audit log are concerned. */
  async hasPassword(id: string, password: string): Promise<boolean> {
    const user = await this.get(id);
    const login = user?.email ?? user?.username ?? null;
    if (login === null) return false;
    const { database } = this.#auth;
    try {
      await this.#auth.authenticate({ database, login, passcode: password, remoteAddress: LOCAL });
      return true;
    } catch (error) {
      if (isRefusal(error, 'second-factor-required')) return true;
      if (isRefusal(error, 'unauthenticated')) return false;
      throw error;
    }
  }

  /** Throws 400 with `policy` if it is too weak. Ends all sessions elsewhere. */
  async setPassword(id: string, password: string): Promise<void> {
    try {
      await this.#auth.users.update(ADMIN, id, { password });
    } catch (error) {
      if (isRefusal(error, 'weak-password')) throw weakPassword(error.message);
      throw error;
    }
  }

  /** Ends all sessions of an account, and lets it begin none. Nothing happens if there is none. */
  async disable(id: string): Promise<void> {
    try {
      await this.#auth.users.update(ADMIN, id, { disabled: true });
    } catch (error) {
      if (!isRefusal(error, 'not-found')) throw error;
    }
  }

  async delete(id: string): Promise<void> {
    try {
      await this.#auth.users.delete(ADMIN, id);
    } catch (error) {
      if (!isRefusal(error, 'not-found')) throw error;
    }
  }
}

function isRefusal(error: unknown, code: BacksideError['code']): error is BacksideError {
  return error instanceof BacksideError && error.code === code;
}

function weakPassword(message: string): LegacyError {
  return new LegacyError(400, message, undefined, { policy: POLICY });
}
