import { toBacksideError } from '@backside/protocol';
import { createLmdbReplica } from '@backside/replica-lmdb';
import { databaseFolders } from './data-folder.js';
import { checkpointOptionsOf, reportTo } from './embedded-storage.js';
import { Opened } from './opened.js';
import { openSharedJournal } from './shared-stores.js';
import type { Storage, StorageOptions } from './storage.js';

/** A journal on a server that nodes share, and this node's own copy of the tree, on LMDB in the data folder. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { config, database } = options;
  const opened = new Opened();
  try {
    const journal = opened.add(await openSharedJournal(options));
    const directory = databaseFolders(config.data, database).replica;
    const replica = opened.add(
      openCopy(directory, () =>
        createLmdbReplica({ directory, checkpoint: checkpointOptionsOf(config), onFailure: reportTo(options) }),
      ),
    );
    return { journal, replica, setIndexes: (definitions) => replica.setIndexes(definitions), close: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Opens what is in the folder of a copy; an error says what to do if it is damaged or this release cannot read it. */
export function openCopy<Copy>(directory: string, open: () => Copy): Copy {
  try {
    return open();
  } catch (cause) {
    const { code, message } = toBacksideError(cause);
    if (code !== 'internal') throw cause;
    throw new Error(
      `the copy of the shared store in ${directory} cannot be used: ${message}; remove that folder, and a start makes it again`,
      { cause },
    );
  }
}
