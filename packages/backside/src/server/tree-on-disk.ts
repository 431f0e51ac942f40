import { join } from 'node:path';
import { type FileJournalReader, readFileJournal } from '@backside/journal-file';
import { BacksideError } from '@backside/protocol';
import { createLmdbReplica, hasReplica } from '@backside/replica-lmdb';
import type { Journal, Replica } from '@backside/store';
import {
  asDataFolderError,
  counterpartOf,
  type DatabaseFolders,
  DataFolderError,
  databaseFolders,
  isPrivate,
} from './data-folder.js';

/** What the tree on disk is the state of. */
export type TreePosition = Pick<Replica, 'epoch' | 'revision'>;

interface DatabasePlace {
  readonly data: string;
  readonly database: string;
}

/**
 * Throws `DataFolderError` if a database without a journal has a tree, or has commits in its counterpart. Of an embedded store nobody
 * else has a copy: a journal begun in that place would have the tree emptied, or the data served without its rules and accounts, because
 * a disk is not mounted or half of a backup is not restored yet.
 */
export async function assertHasJournal(place: DatabasePlace): Promise<void> {
  const loss = await findLoss(place);
  if (loss !== null) throw new DataFolderError(place.data, `${place.database}: ${loss.problem}`);
}

/** Throws an error that says what is the matter if a folder does not hold the database. */
export async function assertHasDatabase({ data, database }: DatabasePlace): Promise<void> {
  try {
    if ((await findJournal(databaseFolders(data, database).journal)) !== null) return;
    await assertHasJournal({ data, database });
  } catch (cause) {
    throw asDataFolderError(data, cause);
  }
  throw new Error(`${data} holds no database named ${database}`);
}

/** What keeps a database without a journal from beginning one. */
interface Loss {
  readonly problem: string;
  /** Whether the tree, without which nothing of the database is left, is there. */
  readonly hasTree: boolean;
}

/** What a database without a journal has lost; null if it has one, or may begin one. */
export async function findLoss({ data, database }: DatabasePlace): Promise<Loss | null> {
  const { journal, replica } = databaseFolders(data, database);
  if ((await findJournal(journal)) !== null) return null;
  const tree = await readTree(replica);
  if (tree !== null && tree.revision > 0) return { problem: missingJournal(journal, tree), hasTree: true };
  const counterpart = counterpartOf(database);
  const revision = await lastRevision(databaseFolders(data, counterpart));
  return revision === 0
    ? null
    : { problem: missingDatabase(data, { database, counterpart, revision }), hasTree: false };
}

const BRING_BACK = 'if it lies elsewhere (a disk that is not mounted, the rest of a backup), bring it back first';

function missingJournal(journal: string, { revision }: TreePosition): string {
  return `the tree on disk has revision ${revision}, but there is no journal in ${journal}; ${BRING_BACK}`;
}

function missingDatabase(data: string, at: { database: string; counterpart: string; revision: number }): string {
  const { database, counterpart, revision } = at;
  const [holds, without] = isPrivate(database)
    ? ['rules, accounts and keys', '`backside export` still writes the data, for an import into a new folder']
    : ['the data', `remove ${join(data, counterpart)} as well to begin anew`];
  return (
    `${join(data, database)}, which has ${holds}, is empty or gone, while ${counterpart} beside it has revision ${revision}; ` +
    `${BRING_BACK}; without it, ${without}`
  );
}

async function lastRevision({ journal, replica }: DatabaseFolders): Promise<number> {
  const found = await findJournal(journal);
  if (found !== null) return found.head();
  return (await readTree(replica))?.revision ?? 0;
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
  return hasReplica(directory) ? createLmdbReplica({ directory, mode: 'follower' }) : null;
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
