import { access, mkdir, rename } from 'node:fs/promises';
import { type FileJournalReader, lockDirectory, restartFileJournal } from '@backside/journal-file';
import { changeReplicaEpoch, createLmdbCheckpointer } from '@backside/replica-lmdb';
import { type DatabaseFolders, databaseFolders } from '../server/data-folder.js';
import { findJournal, mismatchOf, readTree, type TreePosition } from '../server/tree-on-disk.js';
import { type Finding, note } from './finding.js';

export interface TreeRepair {
  readonly data: string;
  readonly database: string;
  /** The history of the journal before it was repaired; null if it had none. */
  readonly epoch: string | null;
}

interface Parts {
  readonly tree: TreePosition;
  /** Null if there is none. */
  readonly journal: FileJournalReader | null;
}

/**
 * Has the tree on disk and the journal go on together again, whichever of them has lost something. Where nobody can tell which of them
 * counts, both stay as they are. What only the tree has must have been saved before. Throws `unavailable` while a server runs on them.
 */
export async function* repairTree(repair: TreeRepair): AsyncGenerator<Finding> {
  const folders = databaseFolders(repair.data, repair.database);
  if ((await brokenParts(folders)) === null) return;
  await mkdir(folders.journal, { recursive: true });
  const lock = await lockDirectory(folders.journal);
  try {
    const parts = await brokenParts(folders);
    const done = parts && (await reconcile(parts, { folders, epoch: repair.epoch }));
    if (done) yield note(`${repair.database}: ${done}`);
  } finally {
    await lock.release();
  }
}

/**
 * Puts a tree that cannot be read out of the way, so that a start makes it again of the journal, which must have everything. Throws
 * `unavailable` while a server runs on it.
 */
export async function* setTreeAside(data: string, database: string): AsyncGenerator<Finding> {
  const { journal, replica } = databaseFolders(data, database);
  const lock = await lockDirectory(journal);
  try {
    const aside = await freeName(`${replica}.set-aside`);
    await rename(replica, aside);
    yield note(
      `${database}: the tree on disk is made again from the journal at the next start; the damaged one is in ${aside}, ` +
        'which may be removed then',
    );
  } finally {
    await lock.release();
  }
}

/** The name, or with a number behind it if there is something of that name. */
async function freeName(name: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    const taken = await access(candidate).then(
      () => true,
      () => false,
    );
    if (!taken) return candidate;
  }
}

/** The tree and the journal, if there is a tree that cannot go on with it. */
async function brokenParts(folders: DatabaseFolders): Promise<Parts | null> {
  const tree = await readTree(folders.replica);
  if (tree === null || tree.revision === 0) return null;
  const journal = await findJournal(folders.journal);
  return journal === null || (await mismatchOf(tree, journal)) !== null ? { tree, journal } : null;
}

interface Place {
  readonly folders: DatabaseFolders;
  readonly epoch: string | null;
}

/** In words what was done; null if nothing can be. */
async function reconcile({ tree, journal }: Parts, { folders, epoch }: Place): Promise<string | null> {
  if (journal === null) return goOnFromTree(tree, folders);
  const [first, head] = [await journal.first(), await journal.head()];
  if (first <= 1 && tree.epoch !== journal.epoch) return emptyTree(folders, journal.epoch);
  const sameHistory = tree.epoch === epoch;
  if (sameHistory && tree.revision > head) return goOnFromTree(tree, folders);
  // A journal without a commit, right after the tree, is what an interrupted repair has begun.
  const follows = sameHistory || (head < first && tree.revision === head);
  if (!follows || tree.revision > head || tree.revision + 1 < first) return null;
  await changeReplicaEpoch(folders.replica, journal.epoch);
  return `the tree on disk goes on with what is left of the journal, to revision ${head}`;
}

/** The tree has everything up to its revision, so what is left of the journal is not needed. */
async function goOnFromTree({ revision }: TreePosition, { journal, replica }: DatabaseFolders): Promise<string> {
  const { epoch, savedAs } = await restartFileJournal({ directory: journal, after: revision, now: Date.now });
  await changeReplicaEpoch(replica, epoch);
  const rest =
    savedAs.length === 0 ? '' : `; what was left of the old one is in ${journal}, in files that end in .set-aside`;
  return `a new journal goes on from the tree on disk, which has revision ${revision}${rest}`;
}

/** The journal has everything from the first revision on, so a start makes the tree again. */
async function emptyTree({ replica }: DatabaseFolders, epoch: string): Promise<string> {
  const disk = createLmdbCheckpointer({ directory: replica });
  try {
    await disk.reset(epoch);
  } finally {
    await disk.close();
  }
  return 'the tree on disk is made again from the journal at the next start';
}
