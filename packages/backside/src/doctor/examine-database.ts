import { type FileJournalReport, verifyFileJournal } from '@backside/journal-file';
import { toBacksideError } from '@backside/protocol';
import { formatSize } from '../config/quantity.js';
import { databaseFolders } from '../server/data-folder.js';
import { openFolderSnapshot } from '../transfer/folder-snapshot.js';
import { type Finding, fine, note, problem } from './finding.js';

/** Examines the journal of one database byte by byte, and whether the tree on disk belongs to it. */
export async function* examineDatabase(data: string, database: string, repair: boolean): AsyncGenerator<Finding> {
  const report = await verify(databaseFolders(data, database).journal, repair);
  if (report instanceof Error) {
    yield problem(`${database}: ${report.message}`);
    return;
  }
  yield* describeJournal(database, report, repair);
  yield await examineTree(data, database);
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
