import { createPushIds } from '@backside/tree';
import type { Backside } from './backside.js';
import { Database } from './database.js';
import type { Connection } from './link/connection.js';
import { type ConnectionOptions, createConnection } from './link/create-connection.js';
import { defaultEnvironment } from './link/environment.js';
import type { Persistence, Warn } from './offline/sync-store.js';
import { Listeners } from './reference/listeners.js';
import type { Root } from './reference/root.js';
import type { AnySchema } from './schema/index.js';
import { SyncTree } from './sync/sync-tree.js';

export interface ConnectOptions extends ConnectionOptions {
  /** Keeps what was listened to, and writes without an answer, beyond the end of the page or process. Default: nothing is kept. */
  readonly persistence?: Persistence;
  /** Told of stored data that was damaged, and of what could not be stored. Default: `console.warn`. */
  readonly warn?: Warn;
}

/**
 * A client of the database at `url` (`ws://localhost:5000`). It begins to connect once the caller is done and goes on until `close`.
 * Throws TypeError if `url` is no URL.
 */
export function connect<Schema = AnySchema>(url: string, options: ConnectOptions = {}): Backside<NoInfer<Schema>> {
  const { persistence, warn = toConsole } = options;
  const environment = { ...defaultEnvironment(), ...options.environment };
  const name = options.database === undefined ? url : `${url}#${options.database}`;
  const store = persistence?.open(name, warn) ?? null;
  const create = (): Connection => createConnection(url, options);
  const connection = (store && persistence?.share?.(name, create, store, warn)) ?? create();
  const tree = new SyncTree({ connection, environment, store });
  const newKey = createPushIds({ now: () => tree.now(), random: () => environment.random() });
  const root: Root = { tree, connection, listeners: new Listeners(tree), newKey };
  // What the schema says holds at compile time only.
  return new Database(root, store) as unknown as Backside<NoInfer<Schema>>;
}

function toConsole(message: string, cause?: unknown): void {
  console.warn(message, ...(cause === undefined ? [] : [cause]));
}
