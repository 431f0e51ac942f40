import type { Auth, AuthDatabase, AuthOptions } from './auth.js';
import { AuthClient } from './auth-client.js';
import { AuthListeners } from './auth-listeners.js';
import { AuthServer } from './auth-server.js';
import { ConnectionToken } from './connection-token.js';
import { browserPage } from './page.js';
import { ProviderSignIn } from './provider-sign-in.js';
import { RenewalTimer } from './renewal-timer.js';
import { SessionKeeper } from './session-keeper.js';
import { type AuthStorage, memoryStorage, webStorage } from './storage.js';
import { renewalTime, type StoredSession } from './stored-session.js';

/**
 * The users of a database: takes up the session that the storage holds, and from then on keeps the database's connection signed in
 * as whoever is. One per database and page, to be made right after `connect`: what an earlier user has left on the device is shown until
 * then, and to that user alone from then on.
 */
export function createAuth(db: AuthDatabase, options: AuthOptions): Auth {
  const { report = reportInBackground, storage = defaultStorage() } = options;
  const server = new AuthServer(options);
  const listeners = new AuthListeners(report);
  let loaded = false;
  const changed = (session: StoredSession | null): void => {
    timer.schedule(session === null ? null : renewalTime(session));
    if (!loaded) return;
    listeners.tell(session?.user ?? null);
  };
  const name = `backside:${server.address('/auth')}`;
  const keeper = new SessionKeeper({
    server,
    storage,
    name,
    now: Date.now,
    changed,
    changedElsewhere: () => renewConnection(),
    report,
  });
  const ready = keeper
    .load()
    .catch(report)
    .then(() => {
      loaded = true;
      listeners.tell(keeper.session?.user ?? null);
    });
  db.expectUser?.(async () => {
    await ready;
    return keeper.session?.user.uid ?? null;
  });
  const connection = new ConnectionToken(db.connection, keeper, ready);
  const timer = new RenewalTimer(async () => {
    await keeper.renewed();
    await connection.renew();
  }, Date.now);
  const renewConnection = (): void => void connection.renew().catch(report);
  renewConnection();
  return new AuthClient({
    server,
    keeper,
    connection,
    providers: new ProviderSignIn(browserPage),
    ready,
    clearCache: async () => db.clearCache?.(),
    onAuthChange: (listener) => listeners.add(listener),
    close: () => {
      timer.schedule(null);
      keeper.close();
      connection.close();
    },
  });
}

/** Where a browser forbids its storage, it throws at the mere look at it. */
function defaultStorage(): AuthStorage {
  try {
    return typeof localStorage === 'undefined' ? memoryStorage() : webStorage(localStorage);
  } catch {
    return memoryStorage();
  }
}

function reportInBackground(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
