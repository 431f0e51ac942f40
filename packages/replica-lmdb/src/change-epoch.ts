import { openEnvironment, readMeta, writeMeta } from './environment.js';

/**
 * Has the tree in a folder, as it is and at its revision, belong to another history: that of a journal which goes on from there. Nobody
 * else may have the folder open. Throws `internal` if a newer program wrote it, `unavailable` if it cannot be opened.
 */
export async function changeReplicaEpoch(directory: string, epoch: string): Promise<void> {
  const environment = openEnvironment(directory, 'owner');
  try {
    environment.root.transactionSync(() => writeMeta(environment, { ...readMeta(environment), epoch }));
  } finally {
    await environment.root.close();
  }
}
