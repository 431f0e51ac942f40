import type { Logger } from '@backside/protocol';
import type { IndexDefinition, Journal, Replica } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';

/** Where one database lives. */
export interface Storage {
  readonly journal: Journal;
  readonly replica: Replica;
  /** Replaces the secondary indexes; they are built while the database serves, and used once complete. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void>;
  /** Brings the replica to disk and lets go of both. Call once the database is closed. */
  close(): Promise<void>;
}

export interface StorageOptions {
  readonly config: ServerConfig;
  readonly database: string;
  /** Names this process to others that share the store. */
  readonly nodeId: string;
  readonly logger: Logger;
  /** Called when this process can no longer keep the data in order and must end; what was acknowledged is safe. */
  readonly onFatal?: (error: Error) => void;
  /** Tells that nobody waits for it any more. */
  readonly ending?: AbortSignal | undefined;
}

type OpenStorage = (options: StorageOptions) => Promise<Storage>;

/** The drivers by their configured name; a driver is loaded only if it is used. */
const STORES: Readonly<Record<ServerConfig['store'], () => Promise<{ openStorage: OpenStorage }>>> = {
  embedded: () => import('./embedded-storage.js'),
  memory: () => import('./memory-storage.js'),
  mongodb: () => import('./shared-storage.js'),
  postgres: () => import('./shared-storage.js'),
};

/** Opens a database's journal and replica in this process. Throws `DataFolderError`, and an error that says which server cannot be reached. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const driver = await STORES[options.config.store]();
  return driver.openStorage(options);
}
