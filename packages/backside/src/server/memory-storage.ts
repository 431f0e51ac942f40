import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import type { Storage } from './storage.js';

/** Keeps everything in memory, and nothing beyond the process. */
export async function openStorage(): Promise<Storage> {
  const journal = createMemoryJournal({});
  const replica = createMemoryReplica({});
  return {
    journal,
    replica,
    setIndexes: (definitions) => replica.setIndexes(definitions),
    close: async () => {
      await replica.close();
      await journal.close();
    },
  };
}
