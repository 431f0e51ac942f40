import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileJournalReader, readFileJournal } from '@backside/journal-file';
import { BacksideError } from '@backside/protocol';
import { createLmdbReplica } from '@backside/replica-lmdb';
import type { Journal, Replica } from '@backside/store';
import { DataFolderError, databaseFolders } from './data-folder.js';

/** What the tree on disk is the state of. */
export type TreePosition = Pick<Replica, 'epoch' | 'revision'>;

interface DatabasePlace {
  readonly data: string;
  readonly database: string;
}

/**
 * Throws `DataFolderError` if there is a tree without a journal. Of an embedded store nobody else has a copy: a journal begun in that
 * place would have the tree emptied, because a disk is not mounted or half of a backup is not restored yet.
 */
export async function assertHasJournal({ data, database }: DatabasePlace): Promise<void> {
  const { journal, replica } = databaseFolders(data, database);
  if ((await findJournal(journal)) !== null) return;
  const tree = await readTree(replica);
  if (tree !== null && tree.revision > 0)
    throw new DataFolderError(data, `${database}: ${missingJournal(journal, tree)}`);
}

/**
 * Throws `DataFolderError` if the tree on disk is not of the journal's history, or one of them lacks what the other needs. The tree of
 * an embedded store may be all that is left, so it is never emptied for that.
 */
export async function assertGoOn(
  { data, database }: DatabasePlace,
  tree: TreePosition,
  journal: Pick<Journal, 'epoch' | 'first' | 'head'>,
): Promise<void> {
  const mismatch = await mismatchOf(tree, journal);
  if (mismatch !== null) throw new DataFolderError(data, `${database}: ${mismatch}`);
}

/** In words why a tree cannot go on with a journal; null if it can. */
export async function mismatchOf(
  { epoch, revision }: TreePosition,
  journal: Pick<Journal, 'epoch' | 'first' | 'head'>,
): Promise<string | null> {
  const [first, head] = [await journal.first(), await journal.head()];
  if (revision === 0)
    return first <= 1 ? null : `there is no tree on disk, and the journal only begins at revision ${first}`;
  const tree = `the tree on disk has revision ${revision}`;
  if (epoch !== journal.epoch)
    return `${tree} of another history than the journal, which has revisions ${first} to ${head}`;
  if (revision > head) return `${tree}, but the journal ends at ${head}: a part of it is missing`;
  return revision + 1 < first ? `${tree}, but the journal only begins at ${first}: what lies between is missing` : null;
}

/** In words what is wrong with a tree without a journal. */
export function missingJournal(journal: string, { revision }: TreePosition): string {
  return (
    `the tree on disk has revision ${revision}, but there is no journal in ${journal}; ` +
    'if it lies elsewhere (a disk that is not mounted, the rest of a backup), bring it back first'
  );
}

/** The position of the tree in a folder; null if there is none. Throws `internal` or `unavailable` if it cannot be read. */
export async function readTree(directory: string): Promise<TreePosition | null> {
  const replica = await openTree(directory);
  if (replica === null) return null;
  const { epoch, revision } = replica;
  await replica.close();
  return { epoch, revision };
}

/** The tree in a folder, read-only, without what the journal has above it; null if there is none. */
export async function openTree(directory: string): Promise<Replica | null> {
  const exists = await access(join(directory, 'data.mdb')).then(
    () => true,
    () => false,
  );
  return exists ? createLmdbReplica({ directory, mode: 'follower' }) : null;
}

/** The journal in a folder; null if there is none. Throws `internal` if its last segment cannot be recognised. */
export async function findJournal(directory: string): Promise<FileJournalReader | null> {
  try {
    return await readFileJournal(directory);
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'not-found') return null;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
