import type { Replica } from '@backside/store';
import { assertPairing, isSharedStore } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { openFolderSnapshot } from './folder-snapshot.js';
import { openSharedSnapshot } from './shared-snapshot.js';

/** One consistent state of a database. */
export type Snapshot = Pick<Replica, 'revision' | 'streamJson' | 'close'>;

/** The newest state of a database in its store, also while servers run on it. Throws `DataFolderError` for damage in the folder. */
export async function openSnapshot(config: ServerConfig, database: string): Promise<Snapshot> {
  assertPairing({ ...config, workers: 1 });
  if (isSharedStore(config.store)) return openSharedSnapshot(config, database);
  return openFolderSnapshot(config.data, database);
}
