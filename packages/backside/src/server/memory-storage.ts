import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import type { Storage, StorageOptions } from './storage.js';

/** Keeps everything in memory, and nothing beyond the process. */
export async function openStorage({ config }: StorageOptions): Promise<Storage> {
  const journal = createMemoryJournal({});
  const replica = createMemoryReplica({});
  await replica.setIndexes(config.indexes);
  return {
    journal,
    replica,
    close: async () => {
      await replica.close();
      await journal.close();
    },
  };
}
