import { BacksideError } from '@backside/protocol';
import type { AuthRequest, AuthServer } from './auth-server.js';
import type { SessionKeeper } from './session-keeper.js';
import type { SessionReply, StoredSession } from './stored-session.js';
import type { AuthUser } from './user.js';

/** The server as the user who is signed in may ask it. Everything rejects with `unauthenticated` if nobody is. */
export class AccountServer {
  readonly #server: AuthServer;
  readonly #keeper: SessionKeeper;
  readonly #ready: Promise<void>;

  constructor(server: AuthServer, keeper: SessionKeeper, ready: Promise<void>) {
    this.#server = server;
    this.#keeper = keeper;
    this.#ready = ready;
  }

  async ask<Reply>(request: Omit<AuthRequest, 'token'>): Promise<Reply> {
    return this.#server.ask<Reply>({ ...request, token: await this.#token() });
  }

  /** Asks for a session that takes the place of this one, which nothing renews meanwhile. */
  async replaceSession(path: string, body: NonNullable<AuthRequest['body']>): Promise<StoredSession> {
    await this.#token();
    return this.#keeper.replace(({ accessToken }) =>
      this.#server.ask<SessionReply>({ method: 'POST', path, body, token: accessToken }),
    );
  }

  /** The account as the server knows it now, which the session says from then on. */
  async user(): Promise<AuthUser> {
    return this.keep(await this.ask<AuthUser>({ method: 'GET', path: '/auth/me' }));
  }

  async keep(user: AuthUser): Promise<AuthUser> {
    await this.#keeper.update((session) => (session.user.uid === user.uid ? { ...session, user } : session));
    return user;
  }

  async #token(): Promise<string> {
    await this.#ready;
    const session = await this.#keeper.usable();
    if (session === null) throw new BacksideError('unauthenticated', 'nobody is signed in');
    return session.accessToken;
  }
}
