import { join } from 'node:path';
import { type FileJournalReport, verifyFileJournal } from '@backside/journal-file';
import { toBacksideError } from '@backside/protocol';
import { formatSize } from '../config/quantity.js';
import { databaseFolders } from '../server/data-folder.js';
import { findJournal, mismatchOf, missingJournal, openTree, readTree } from '../server/tree-on-disk.js';
import { openFolderSnapshot } from '../transfer/folder-snapshot.js';
import { writeWholeFile } from '../transfer/whole-file.js';
import { type Finding, fine, note, problem } from './finding.js';
import { repairTree, type TreeRepair } from './repair-tree.js';

/** What is left to do where a repair has not helped. */
const UNREPAIRED =
  'that cannot be repaired: restore a backup, or import the last export, or the tree that was saved, into a new folder';

/** A running server may trim its journal while it is compared with the tree. */
const ATTEMPTS = 3;

/** Examines the journal of one database byte by byte, and whether the tree on disk belongs to it. */
export async function* examineDatabase(data: string, database: string, repair: boolean): AsyncGenerator<Finding> {
  const { journal } = databaseFolders(data, database);
  const found = await verify(journal, false);
  if (repair && !(found instanceof Error)) yield* saveTree(data, database, found);
  const repairs = repair && !(found instanceof Error) && found.findings.length > 0;
  const report = repairs ? await verify(journal, true) : found;
  if (!(report instanceof Error)) yield* describeJournal(database, report, repair);
  else if ((await findMismatch(data, database).catch(() => null)) === null)
    yield problem(`${database}: ${report.message}`);
  if (repair) yield* repairOf({ data, database, epoch: found instanceof Error ? null : found.epoch });
  if (report instanceof Error || repair || report.findings.every(({ kind }) => kind === 'torn-tail')) {
    yield* examineTree(data, database, repair); // beside damage there is nothing to compare it with
  }
}

/**
 * The tree on disk may have more than what is left of a damaged journal, and would be lost with the rest of it: it is
 * exported. A tree that cannot be read has nothing to save; its own examination says why.
 */
async function* saveTree(data: string, database: string, { head, epoch }: FileJournalReport): AsyncGenerator<Finding> {
  const tree = await openTree(databaseFolders(data, database).replica).catch(() => null);
  if (tree === null) return;
  try {
    const { revision } = tree;
    if (revision === 0 || (revision <= head && tree.epoch === epoch)) return;
    const file = join(data, database, `tree-at-revision-${revision}.json`);
    await writeWholeFile(file, tree.streamJson([], 'export'));
    yield note(
      `${database}: the tree on disk had revision ${revision} and the sound part of the journal ends at ${head}; ` +
        `the tree is in ${file}, for backside import`,
    );
  } finally {
    await tree.close();
  }
}

/** That a server has the folder is a finding too. */
async function* repairOf(repair: TreeRepair): AsyncGenerator<Finding> {
  try {
    yield* repairTree(repair);
  } catch (error) {
    yield problem(`${repair.database}: ${(error as Error).message}`);
  }
}

/** The report, or why there is none. */
async function verify(journal: string, repair: boolean): Promise<FileJournalReport | Error> {
  try {
    return await verifyFileJournal(journal, { repair });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error;
    return toBacksideError(error);
  }
}

function* describeJournal(database: string, report: FileJournalReport, repair: boolean): Generator<Finding> {
  const bytes = report.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const extent = `revisions ${report.first} to ${report.head} in ${report.segments.length} files, ${formatSize(bytes)}`;
  yield fine(`${database}: the journal holds ${extent}`);
  for (const { kind, file, offset, problem: what } of report.findings) {
    const text = `${database}: ${file} at byte ${offset}: ${what}`;
    if (repair) yield note(`${text} (repaired)`);
    else if (kind === 'torn-tail') yield note(`${text}; an unfinished write, which start cuts off`);
    else yield problem(`${text}; run backside doctor --repair, or restore an export`);
  }
  for (const file of report.savedAs) yield note(`${database}: what was taken out of the journal is in ${file}`);
}

async function* examineTree(data: string, database: string, repaired: boolean): AsyncGenerator<Finding> {
  try {
    const mismatch = await findMismatch(data, database);
    if (mismatch !== null) {
      yield problem(
        `${database}: ${mismatch}; ${repaired ? UNREPAIRED : 'run backside doctor --repair, or restore a backup'}`,
      );
      return;
    }
    if ((await findJournal(databaseFolders(data, database).journal)) === null) return;
    const snapshot = await openFolderSnapshot(data, database);
    const { checkpointed, revision } = snapshot;
    await snapshot.close();
    yield fine(`${database}: the tree on disk has revision ${checkpointed} and follows the journal to ${revision}`);
  } catch (error) {
    yield problem(`${database}: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** In words why `start` refuses the tree and the journal beside each other; null if it does not. */
async function findMismatch(data: string, database: string): Promise<string | null> {
  const folders = databaseFolders(data, database);
  for (let attempt = 1; ; attempt += 1) {
    const tree = (await readTree(folders.replica)) ?? { epoch: null, revision: 0 }; // first: a running server has the journal ahead of it
    const journal = await findJournal(folders.journal);
    if (journal === null) return tree.revision === 0 ? null : missingJournal(folders.journal, tree);
    const mismatch = await mismatchOf(tree, journal);
    if (mismatch === null || attempt === ATTEMPTS) return mismatch;
  }
}
