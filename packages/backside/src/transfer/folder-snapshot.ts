import { type FileJournalReader, readFileJournal } from '@backside/journal-file';
import { BacksideError } from '@backside/protocol';
import { createMemoryReplica, type Replica } from '@backside/store';
import { asDataFolderError, DataFolderError, databaseFolders, readDataFormat } from '../server/data-folder.js';
import { assertHasDatabase, openTree } from '../server/tree-on-disk.js';

/** A running server may move its checkpoint and trim the journal while both are being read. */
const ATTEMPTS = 5;

/**
 * The tree of a database at the last revision in its folder, read-only, also while a server runs on it: the checkpoint on
 * disk with the journal's tail above it. Close it after use. Throws `DataFolderError`.
 */
export async function openFolderSnapshot(data: string, database: string): Promise<Replica> {
  await readDataFormat(data);
  await assertHasDatabase({ data, database });
  const journal = await readFileJournal(databaseFolders(data, database).journal);
  for (let attempt = 1; ; attempt += 1) {
    const replica = await openCheckpoint(data, database, journal);
    try {
      for await (const commits of journal.commits(replica.revision)) replica.apply(commits);
      return replica;
    } catch (error) {
      await replica.close();
      if (attempt === ATTEMPTS || !isGone(error))
        throw new DataFolderError(data, (error as Error).message, { cause: error });
    }
  }
}

/** The checkpoint if it belongs to the journal; else an empty tree, if the journal holds the whole history. */
async function openCheckpoint(data: string, database: string, journal: FileJournalReader): Promise<Replica> {
  const directory = databaseFolders(data, database).replica;
  const replica = await openTree(directory).catch((cause: unknown) => {
    throw asDataFolderError(data, cause);
  });
  if (replica && (replica.epoch === journal.epoch || (replica.epoch === null && replica.revision === 0)))
    return replica;
  await replica?.close();
  if ((await journal.first()) === 1) return createMemoryReplica({ epoch: journal.epoch });
  throw new DataFolderError(data, `the tree on disk of the database ${database} does not belong to its journal`);
}

function isGone(error: unknown): boolean {
  return error instanceof BacksideError && error.code === 'not-found';
}
