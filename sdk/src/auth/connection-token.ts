import type { AuthDatabase } from './auth.js';
import type { SessionKeeper } from './session-keeper.js';

/** Keeps a connection signed in as the session says. */
export class ConnectionToken {
  readonly #connection: AuthDatabase['connection'];
  readonly #keeper: SessionKeeper;
  readonly #loaded: Promise<void>;
  /** The token that the connection was given last, and whether the server has taken it. */
  #given: string | null = null;
  #accepted = false;
  readonly #unwatch: () => void;

  constructor(connection: AuthDatabase['connection'], keeper: SessionKeeper, loaded: Promise<void>) {
    this.#connection = connection;
    this.#keeper = keeper;
    this.#loaded = loaded;
    this.#unwatch = connection.onUser((user) => {
      this.#accepted ||= user !== null && user.uid === keeper.session?.user.uid;
    });
  }

  /** Has the connection ask for the token again. Rejects as `Connection.setToken` does. */
  async renew(): Promise<void> {
    await this.#connection.setToken(() => this.#token());
  }

  /**
   * The token for the next sign-in. One that was given before and that the server then did not sign anybody in with holds no more,
   * whatever the clock says.
   */
  async #token(): Promise<string | null> {
    await this.#loaded;
    const { session } = this.#keeper;
    if (session === null) return this.#give(null);
    const { user, status } = this.#connection;
    const isRefused =
      session.accessToken === this.#given && (!this.#accepted || (status === 'online' && user === null));
    const usable = await (isRefused ? this.#keeper.renewed(session.accessToken) : this.#keeper.usable());
    return this.#give(usable?.accessToken ?? null);
  }

  #give(token: string | null): string | null {
    if (token !== this.#given) this.#accepted = false;
    this.#given = token;
    return token;
  }

  /** Follows the connection no more; what it was given stays. */
  close(): void {
    this.#unwatch();
  }
}
