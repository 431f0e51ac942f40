import type { Connection } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { ClosedError } from '../link/refused-error.js';
import type { WireWrite } from '../link/write.js';
import { GroupLink } from './group-link.js';
import { MemberConnection } from './member-connection.js';
import type { SyncStore, Warn } from './sync-store.js';
import type { Tab } from './tab.js';

export interface SharedConnectionOptions {
  /** Tabs with the same one share a connection. */
  readonly group: string;
  readonly tab: Tab;
  readonly channel: (name: string) => BroadcastChannel;
  /** Makes a real connection. Called when this tab comes to lead the group. */
  readonly create: () => Connection;
  readonly store: SyncStore;
  readonly environment: Environment;
  readonly warn: Warn;
}

/**
 * A connection that the tabs of a group share. One of them, the leader, has the real one; the others have theirs go through it.
 * When the leader ends or goes offline, another tab leads: it makes a connection, on which listens go on from where they were and
 * writes without an answer are sent again, with their idempotency keys, so that none is lost and none is made twice.
 *
 * - `goOffline` takes this tab out of the group, `goOnline` brings it back; the others go on.
 * - The tabs are one user: the tokens of the tab that signed in last are used, and after its end those of another that has some.
 * - What a tab left for the end of its connection is made when the tab ends. When the leader ends, what all left is made by the
 *   server, since the connection has ended for all; every tab sees its status leave `online` and come back.
 */
export function sharedConnection(options: SharedConnectionOptions): Connection {
  const onTabEnded = (): void => void sendOrphans(connection, options);
  const connection: Connection = new MemberConnection(
    options.environment,
    (events) => new GroupLink({ ...options, onTabEnded }, events),
  );
  return connection;
}

/**
 * Sends the queued writes of tabs that have ended. Some may be under way in that tab's name still; the server makes a write with
 * one key once.
 */
async function sendOrphans(connection: Connection, { store, warn }: SharedConnectionOptions): Promise<void> {
  const send = async (write: WireWrite): Promise<void> => {
    const error = await connection.write(write).then(() => null, errorOf);
    if (error instanceof ClosedError) return;
    if (error !== null) warn('a write that an ended tab had queued was refused', error);
    await store.dropWrite(write.key);
  };
  const sent = (await store.loadWrites()).map(send);
  for (const outcome of await Promise.allSettled(sent)) {
    if (outcome.status === 'rejected') warn('a write that was answered could not be removed', outcome.reason);
  }
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
