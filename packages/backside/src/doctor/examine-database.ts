import { join } from 'node:path';
import { type FileJournalReport, verifyFileJournal } from '@backside/journal-file';
import { toBacksideError } from '@backside/protocol';
import { verifyLmdbReplica } from '@backside/replica-lmdb';
import { formatSize } from '../config/quantity.js';
import { DataFolderError, databaseFolders } from '../server/data-folder.js';
import { findJournal, findLoss, mismatchOf, openTree, readTree } from '../server/tree-on-disk.js';
import { openFolderSnapshot } from '../transfer/folder-snapshot.js';
import { writeWholeFile } from '../transfer/whole-file.js';
import { type Finding, fine, note, problem } from './finding.js';
import { repairTree, setTreeAside } from './repair-tree.js';

/** What is left to do where a repair has not helped. */
const UNREPAIRED =
  'that cannot be repaired: restore a backup, or import the last export, or the tree that was saved, into a new folder';

/** A running server may trim its journal while it is compared with the tree. */
const ATTEMPTS = 3;

/** Examines journal and tree of one database byte by byte, and whether they belong together. */
export async function* examineDatabase(data: string, database: string, repair: boolean): AsyncGenerator<Finding> {
  const { journal, replica } = databaseFolders(data, database);
  const found = await verify(journal, false);
  const tree = await verifyLmdbReplica(replica).catch((error: Error) => error);
  const damage = tree instanceof Error ? null : (tree?.problem ?? null);
  if (tree instanceof Error) yield problem(`${database}: ${tree.message}`);
  else if (damage !== null) yield* examineDamagedTree({ data, database, repair, found, damage });
  else if (found instanceof Error) yield* examineWithoutJournal({ data, database, repair, error: found });
  else yield* examineJournal({ data, database, repair, found });
}

interface Examined {
  readonly data: string;
  readonly database: string;
  readonly repair: boolean;
}

/** A journal beside a tree that can be read. */
async function* examineJournal({
  data,
  database,
  repair,
  found,
}: Examined & { readonly found: FileJournalReport }): AsyncGenerator<Finding> {
  if (repair) yield* saveTree(data, database, found);
  const report =
    repair && found.findings.length > 0 ? await verify(databaseFolders(data, database).journal, true) : found;
  if (report instanceof Error) yield problem(`${database}: ${report.message}`);
  else yield* describeJournal(database, report, repair);
  if (repair) yield* repairs(database, repairTree({ data, database, epoch: found.epoch }));
  if (repair || isWhole(found)) yield* examineTree(data, database, repair); // beside damage there is nothing to compare it with
}

/** A journal that is not there, or cannot be read at all, beside a tree that can be. */
async function* examineWithoutJournal({
  data,
  database,
  repair,
  error,
}: Examined & { readonly error: Error }): AsyncGenerator<Finding> {
  if (!isMissing(error)) {
    yield problem(`${database}: ${error.message}`);
    return;
  }
  const loss = await findLoss({ data, database });
  if (loss?.hasTree && repair) {
    yield* repairs(database, repairTree({ data, database, epoch: null }));
    yield* examineTree(data, database, repair);
  } else if (loss !== null) {
    yield problem(`${database}: ${loss.problem}${loss.hasTree ? adviceFor(false) : ''}`);
  }
}

/** A tree that cannot be read can only be made again, of a journal that has everything. */
async function* examineDamagedTree({
  data,
  database,
  repair,
  found,
  damage,
}: Examined & { readonly found: FileJournalReport | Error; readonly damage: string }): AsyncGenerator<Finding> {
  if (!(found instanceof Error)) yield* describeJournal(database, found, false);
  const problemText = `${database}: the tree on disk is damaged: ${damage}`;
  const why =
    found instanceof Error ? `there is no journal to make it again: ${found.message}` : whyNotMadeAgain(found);
  if (why !== null)
    yield problem(`${problemText}; ${why}; restore a backup, or import the last export into a new folder`);
  else if (repair) yield* repairs(database, setTreeAside(data, database));
  else
    yield problem(
      `${problemText}; the journal has everything: with backside doctor --repair, a start makes the tree again`,
    );
}

/** In words why a tree cannot be made again of a journal; null if it can. */
function whyNotMadeAgain(report: FileJournalReport): string | null {
  if (!isWhole(report)) return 'it cannot be made again of a journal that is damaged too';
  return report.first <= 1 ? null : `the journal, which begins at revision ${report.first}, cannot make it again`;
}

/** Whether all that was acknowledged is in a journal, from its first revision on. */
function isWhole({ findings }: FileJournalReport): boolean {
  return findings.every(({ kind }) => kind === 'torn-tail');
}

/** Whether an error of `verify` says that there is no journal. */
function isMissing(error: Error): boolean {
  return 'code' in error && (error.code === 'not-found' || error.code === 'ENOENT');
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
async function* repairs(database: string, findings: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  try {
    yield* findings;
  } catch (error) {
    yield problem(`${database}: ${(error as Error).message}`);
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
  const { first, head, segments } = report;
  const revisions = head < first ? `no revision after ${head} yet` : `revisions ${first} to ${head}`;
  const files = segments.length === 1 ? 'one file' : `${segments.length} files`;
  yield fine(`${database}: the journal holds ${revisions} in ${files}, ${formatSize(bytes)}`);
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
      yield problem(`${database}: ${mismatch}${adviceFor(repaired)}`);
      return;
    }
    const snapshot = await openFolderSnapshot(data, database);
    const { checkpointed, revision } = snapshot;
    await snapshot.close();
    yield fine(`${database}: the tree on disk has revision ${checkpointed} and follows the journal to ${revision}`);
  } catch (error) {
    yield problem(`${database}: ${error instanceof DataFolderError ? error.problem : (error as Error).message}`);
  }
}

function adviceFor(repaired: boolean): string {
  return `; ${repaired ? UNREPAIRED : 'run backside doctor --repair, or restore a backup'}`;
}

/** In words why `start` refuses the tree and the journal beside each other; null if it does not. */
async function findMismatch(data: string, database: string): Promise<string | null> {
  const folders = databaseFolders(data, database);
  for (let attempt = 1; ; attempt += 1) {
    const tree = (await readTree(folders.replica)) ?? { epoch: null, revision: 0 }; // first: a running server has the journal ahead of it
    const journal = await findJournal(folders.journal);
    const mismatch = journal === null ? null : await mismatchOf(tree, journal);
    if (mismatch === null || attempt === ATTEMPTS) return mismatch;
  }
}
