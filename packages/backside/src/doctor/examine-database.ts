import { join } from 'node:path';
import { type FileJournalReport, verifyFileJournal } from '@backside/journal-file';
import { toBacksideError } from '@backside/protocol';
import { formatSize } from '../config/quantity.js';
import { databaseFolders } from '../server/data-folder.js';
import { openFolderSnapshot } from '../transfer/folder-snapshot.js';
import { writeWholeFile } from '../transfer/whole-file.js';
import { type Finding, fine, note, problem } from './finding.js';

/** Examines the journal of one database byte by byte, and whether the tree on disk belongs to it. */
export async function* examineDatabase(data: string, database: string, repair: boolean): AsyncGenerator<Finding> {
  const { journal } = databaseFolders(data, database);
  const found = await verify(journal, false);
  const repairs = repair && !(found instanceof Error) && found.findings.length > 0;
  if (repairs) yield* saveTree(data, database, found.head);
  const report = repairs ? await verify(journal, true) : found;
  if (report instanceof Error) {
    yield problem(`${database}: ${report.message}`);
    return;
  }
  yield* describeJournal(database, report, repair);
  yield await examineTree(data, database);
}

/**
 * The tree on disk may have more than what is left of a damaged journal, and would be lost with the rest of it: it is
 * exported. A tree that cannot be read has nothing to save; its own examination says why.
 */
async function* saveTree(data: string, database: string, head: number): AsyncGenerator<Finding> {
  const tree = await openFolderSnapshot(data, database).catch(() => null);
  if (tree === null) return;
  try {
    const { revision } = tree;
    if (revision <= head) return;
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

async function examineTree(data: string, database: string): Promise<Finding> {
  try {
    const snapshot = await openFolderSnapshot(data, database);
    const { checkpointed, revision } = snapshot;
    await snapshot.close();
    return fine(`${database}: the tree on disk has revision ${checkpointed} and follows the journal to ${revision}`);
  } catch (error) {
    return problem(`${database}: ${(error as Error).message.split('\n')[0]}`);
  }
}
