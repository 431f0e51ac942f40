import { BacksideError } from '@backside/protocol';
import type { Replica } from '@backside/store';
import { Database } from './database.js';
import type { DatabaseOptions } from './database-options.js';

/** While a checkpoint is restored the journal may drop what follows it; then the next one is tried. */
const MAX_RESTORES = 3;

export interface AdoptHistoryOptions extends Pick<DatabaseOptions, 'journal' | 'name' | 'logger'> {
  /** A tree that is to follow the journal. */
  readonly replica: Pick<Replica, 'epoch' | 'revision' | 'reset' | 'restore'>;
}

/**
 * Opens a database over its journal and replica: brings the replica to the journal's head, and follows. What `adoptHistory` throws
 * is thrown.
 */
export async function createDatabase(options: DatabaseOptions): Promise<Database> {
  await adoptHistory(options);
  const database = new Database(options);
  try {
    await database.open();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Brings a replica to a state that the journal's commits continue. It stays as it is if they do; one of another history, or one that has
 * missed what the journal no longer keeps, is restored from the journal's checkpoint, or emptied if the journal has everything. Throws
 * `internal` if neither is possible.
 */
export async function adoptHistory(history: AdoptHistoryOptions): Promise<void> {
  for (let restores = 0; restores < MAX_RESTORES; restores++) {
    if (await canGoOn(history)) return;
    if (await restoreCheckpoint(history)) continue;
    if ((await history.journal.first()) > 1) break;
    await history.replica.reset(history.journal.epoch);
    return;
  }
  if (!(await canGoOn(history))) throw await mismatch(history);
}

/** Whether what the replica has is of the journal's history, and the journal has all that follows. */
async function canGoOn({ journal, replica }: AdoptHistoryOptions): Promise<boolean> {
  if (replica.epoch !== journal.epoch || replica.revision > (await journal.head())) return false;
  return replica.revision + 1 >= (await journal.first());
}

/** Starts the replica from the journal's checkpoint; false if there is none, or none that is better than nothing. */
async function restoreCheckpoint({ journal, replica, name, logger }: AdoptHistoryOptions): Promise<boolean> {
  const checkpoint = await journal.checkpoint?.();
  if (checkpoint === undefined || checkpoint === null) return false;
  const { revision, entries } = checkpoint;
  const from = { database: name, replicaEpoch: replica.epoch, replicaRevision: replica.revision };
  logger.info(
    { ...from, epoch: journal.epoch, revision },
    'the replica is restored from the checkpoint of the journal',
  );
  await replica.restore(journal.epoch, revision, entries);
  return true;
}

async function mismatch({ journal, replica, name }: AdoptHistoryOptions): Promise<BacksideError> {
  const [first, head] = [await journal.first(), await journal.head()];
  const mine = `the replica (history ${replica.epoch}, revision ${replica.revision})`;
  const theirs = `the journal (history ${journal.epoch}, revisions ${first} to ${head})`;
  return new BacksideError(
    'internal',
    `database ${name}: ${mine} cannot go on with ${theirs}, which has no checkpoint for it`,
  );
}
