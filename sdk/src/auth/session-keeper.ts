import { BacksideError } from '@backside/protocol';
import type { AuthServer } from './auth-server.js';
import type { AuthStorage } from './storage.js';
import {
  formatSession,
  parseSession,
  renewalTime,
  type SessionReply,
  type StoredSession,
  sessionOf,
} from './stored-session.js';
import { inTurn } from './turns.js';

/** How often a refresh is repeated at once when its answer does not come: within the minute in which the server allows it. */
const TRIES = 3;
const RETRY_MS = 1_000;

export interface KeeperOptions {
  readonly server: AuthServer;
  readonly storage: AuthStorage;
  /** Where in the storage; sessions of one name are one session. */
  readonly name: string;
  readonly now: () => number;
  /** Told of each new state, null for signed out, also of what other tabs did. */
  readonly changed: (session: StoredSession | null) => void;
  /** Told after another tab has changed the session. */
  readonly changedElsewhere: () => void;
  readonly report: (error: unknown) => void;
}

/**
 * The session, in memory and in the storage that tabs share. Refresh tokens are good for one use, so it is renewed by one tab at a
 * time, which looks first whether another one was quicker, and stores the secret of its attempt before it asks.
 */
export class SessionKeeper {
  readonly #options: KeeperOptions;
  #session: StoredSession | null = null;
  #renewing: Promise<StoredSession | null> | null = null;
  readonly #unwatch: (() => void) | null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const reread = (): void => {
      this.load().then(options.changedElsewhere).catch(options.report);
    };
    this.#unwatch = options.storage.watch?.(options.name, reread) ?? null;
  }

  get session(): StoredSession | null {
    return this.#session;
  }

  /** Takes up what is stored. */
  async load(): Promise<void> {
    this.#adopt(await this.#read());
  }

  /** A session that was just begun takes the place of the one before. */
  begin(reply: SessionReply): Promise<StoredSession> {
    return inTurn(this.#options, () => this.#keep(reply));
  }

  /** Signs in with a refresh token that the server gave to the browser. */
  exchange(refreshToken: string): Promise<StoredSession> {
    return inTurn(this.#options, async () => this.#keep(await this.#refresh(refreshToken, newAttempt())));
  }

  /** Replaces the session by what the server makes of it, while nothing renews it. Rejects with `unauthenticated` if there is none. */
  replace(ask: (session: StoredSession) => Promise<SessionReply>): Promise<StoredSession> {
    return inTurn(this.#options, async () => {
      const session = await this.#read();
      if (session === null) throw new BacksideError('unauthenticated', 'nobody is signed in');
      return this.#keep(await ask(session));
    });
  }

  /** The account says something else now. */
  update(change: (session: StoredSession) => StoredSession): Promise<void> {
    return inTurn(this.#options, async () => {
      const session = await this.#read();
      if (session !== null) await this.#store(change(session));
    });
  }

  /** Forgets the session; the result is its refresh token, null if there was none. */
  end(): Promise<string | null> {
    this.#adopt(null);
    return inTurn(this.#options, async () => {
      const session = await this.#read();
      await this.#forget();
      return session?.refreshToken ?? null;
    });
  }

  /**
   * A session whose access token holds for a while, other than the refused one; null if it has ended. Rejects if the server cannot
   * be asked; then everything stays as it is.
   */
  renewed(refused: string | null = null): Promise<StoredSession | null> {
    this.#renewing ??= inTurn(this.#options, () => this.#renew(refused)).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** The session, renewed if it is time and the server can be asked; null if there is none. Rejects only once its token has ended. */
  async usable(): Promise<StoredSession | null> {
    const session = this.#session;
    if (session === null || this.isFresh(session)) return session;
    try {
      return await this.renewed();
    } catch (error) {
      if (this.#options.now() >= session.until) throw error;
      return session;
    }
  }

  async #renew(refused: string | null): Promise<StoredSession | null> {
    const stored = await this.#read();
    if (stored === null || (stored.accessToken !== refused && this.isFresh(stored))) {
      this.#adopt(stored);
      return stored;
    }
    const attempt = stored.attempt ?? newAttempt();
    await this.#write({ ...stored, attempt });
    try {
      return await this.#keep(await this.#refresh(stored.refreshToken, attempt));
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'unauthenticated')) throw error;
      await this.#forget();
      return null;
    }
  }

  /** Whether its access token need not be renewed yet. */
  isFresh(session: StoredSession): boolean {
    const now = this.#options.now();
    return now >= session.since && now < renewalTime(session);
  }

  async #refresh(refreshToken: string, attempt: string): Promise<SessionReply> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#options.server.ask<SessionReply>({
          method: 'POST',
          path: '/auth/refresh',
          body: { refreshToken, attempt },
        });
      } catch (error) {
        if (tries >= TRIES || !(error instanceof BacksideError && error.code === 'unavailable')) throw error;
        await new Promise((resolve) => setTimeout(resolve, tries * RETRY_MS));
      }
    }
  }

  async #keep(reply: SessionReply): Promise<StoredSession> {
    const session = sessionOf(reply, this.#options.now());
    await this.#store(session);
    return session;
  }

  async #store(session: StoredSession): Promise<void> {
    await this.#write(session);
    this.#adopt(session);
  }

  async #forget(): Promise<void> {
    await this.#options.storage.remove(this.#options.name);
    this.#adopt(null);
  }

  async #read(): Promise<StoredSession | null> {
    return parseSession(await this.#options.storage.get(this.#options.name));
  }

  async #write(session: StoredSession): Promise<void> {
    await this.#options.storage.set(this.#options.name, formatSession(session));
  }

  #adopt(session: StoredSession | null): void {
    if (JSON.stringify(this.#session) === JSON.stringify(session)) return;
    this.#session = session;
    this.#options.changed(session);
  }

  /** Hears no more of other tabs. */
  close(): void {
    this.#unwatch?.();
  }
}

/** Nobody else can repeat a refresh without it. */
function newAttempt(): string {
  return randomText(24);
}

/** So many random bytes, as hexadecimal digits. */
export function randomText(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('');
}
