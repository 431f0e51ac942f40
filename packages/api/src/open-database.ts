import { BacksideError } from '@backside/protocol';
import { Database } from './database.js';
import type { DatabaseOptions } from './database-options.js';

/**
 * Opens a database over its journal and replica: brings the replica to the journal's head, and follows. Throws
 * `internal` if the replica belongs to another history or is ahead of the journal.
 */
export async function createDatabase(options: DatabaseOptions): Promise<Database> {
  await adoptHistory(options);
  const database = new Database(options);
  await database.open();
  return database;
}

async function adoptHistory({ journal, replica, name }: DatabaseOptions): Promise<void> {
  const head = await journal.head();
  if (replica.epoch === journal.epoch && replica.revision <= head) {
    if (replica.revision + 1 >= (await journal.first())) return;
    throw new BacksideError(
      'internal',
      `database ${name}: the journal begins after revision ${replica.revision} of the replica`,
    );
  }
  if ((await journal.first()) === 1 || head === 0) return replica.reset(journal.epoch);
  throw new BacksideError(
    'internal',
    `database ${name}: the replica (history ${replica.epoch}, revision ${replica.revision}) does not belong to the journal ` +
      `(history ${journal.epoch}, revisions ${await journal.first()} to ${head})`,
  );
}
