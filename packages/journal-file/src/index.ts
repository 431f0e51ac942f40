export { createFileJournal } from './create-file-journal.js';
export { type DirectoryLock, lockDirectory } from './directory-lock.js';
export type { JournalFinding } from './journal-finding.js';
export type { FileJournalOptions, JournalLogger, Retention } from './options.js';
export { type FileJournalReader, readFileJournal } from './read-file-journal.js';
export { restartFileJournal } from './restart-journal.js';
export { makeDirectory } from './segment-files.js';
export {
  type FileJournalReport,
  type SegmentReport,
  type VerifyOptions,
  verifyFileJournal,
} from './verify-file-journal.js';
