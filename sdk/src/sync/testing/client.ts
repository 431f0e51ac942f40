import { createPushIds } from '@backside/tree';
import { Database } from '../../database.js';
import type { Connection } from '../../link/connection.js';
import type { SyncStore } from '../../offline/sync-store.js';
import { Listeners } from '../../reference/listeners.js';
import type { Root } from '../../reference/root.js';
import { SyncTree } from '../sync-tree.js';

/** A client, and the errors that its listeners threw. */
export interface TestClient {
  readonly db: Database;
  readonly root: Root;
  readonly errors: unknown[];
}

export interface ClientOptions {
  readonly store?: SyncStore;
  /** The client's clock, in milliseconds since 1970; it stands still. */
  readonly now?: number;
}

/** A client over a given connection. */
export function clientOver(connection: Connection, options: ClientOptions = {}): TestClient {
  const { store = null, now = 1_000_000 } = options;
  const errors: unknown[] = [];
  const environment = {
    now: () => now,
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
    report: (error: unknown) => void errors.push(error),
  };
  const tree = new SyncTree({ connection, environment, store });
  const newKey = createPushIds({ now: environment.now, random: () => 0.5 });
  const root = { tree, connection, listeners: new Listeners(tree), newKey };
  return { db: new Database(root, store), root, errors };
}
