import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { defaultEnvironment, type Environment } from '../link/environment.js';
import { onlyOwner } from '../offline/owners.js';
import { DEFAULT_MAX_BYTES, StoredSync } from '../offline/stored-sync.js';
import type { Persistence } from '../offline/sync-store.js';
import { FileStorage } from './file-store-storage.js';

export interface FileOptions {
  /** What cached data takes at most, in bytes of UTF-8; queued writes come on top, and the files may take twice as much. Default 50,000,000. */
  readonly maxBytes?: number;
  readonly environment?: Partial<Environment>;
}

/**
 * Persistence in a folder, which is made when it is missing; each server and database has a folder inside. One process at a time
 * may use one of those: a second client is told by `warn` that nothing is kept for it, and its writes reject.
 */
export function file(directory: string, options: FileOptions = {}): Persistence {
  return {
    open: (name, warn) => {
      const environment = { ...defaultEnvironment(), ...options.environment };
      const folder = createHash('sha256').update(name).digest('hex').slice(0, 32);
      return new StoredSync({
        storage: new FileStorage(join(directory, folder), warn),
        owners: onlyOwner(),
        maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
        environment,
        warn,
      });
    },
  };
}
