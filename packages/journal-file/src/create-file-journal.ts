import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Journal } from '@backside/store';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { FileJournal } from './file-journal.js';
import type { FileJournalOptions } from './options.js';
import { inspectTail, type SegmentEnd } from './recovery.js';
import {
  damage,
  listSegments,
  makeDirectory,
  readHeader,
  removeUnfinished,
  type SegmentFile,
} from './segment-files.js';
import { SegmentWriter } from './segment-writer.js';

/**
 * Opens the journal in a directory, or begins one. What a crash left half written is cut off, with a warning: it was never
 * acknowledged as durable. Throws `unavailable` if another process has the directory, `internal` naming file and byte if
 * acknowledged data is damaged or was written by a newer release.
 */
export async function createFileJournal(options: FileJournalOptions): Promise<Journal> {
  await makeDirectory(options.directory);
  const lock = await lockDirectory(options.directory);
  try {
    return await openJournal(options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openJournal(options: FileJournalOptions, lock: DirectoryLock): Promise<Journal> {
  await removeUnfinished(options.directory);
  const segments = await listSegments(options.directory);
  const last = segments.at(-1);
  if (last === undefined) {
    const epoch = options.epoch ?? randomUUID();
    const writer = await SegmentWriter.create(options.directory, { epoch, firstRevision: 1, createdMs: options.now() });
    return new FileJournal(options, { epoch, lock, segments: [writer.segment], writer, head: 0 });
  }
  const epoch = await commonEpoch(segments);
  const end = await recover(last, options);
  const writer = await SegmentWriter.open(last, { position: end.offset, fileBytes: end.fileBytes });
  return new FileJournal(options, { epoch, lock, segments, writer, head: end.head });
}

async function commonEpoch(segments: readonly SegmentFile[]): Promise<string> {
  let epoch: string | null = null;
  for (const segment of segments) {
    const header = await readHeader(segment);
    epoch ??= header.epoch;
    if (header.epoch !== epoch)
      throw damage(segment, 0, `it belongs to the history ${header.epoch}, the one before it to ${epoch}`);
  }
  return epoch!;
}

/** Finds the end of the last segment, cuts off what was never acknowledged, and makes sure that the rest is on disk. */
async function recover(segment: SegmentFile, options: FileJournalOptions): Promise<SegmentEnd> {
  const file = await open(segment.path, 'r+');
  try {
    const end = await inspectTail(file, segment);
    if (end.kind === 'damaged') throw damage(segment, end.offset, end.problem);
    if (end.kind === 'torn') {
      const cutBytes = end.fileBytes - end.offset;
      options.logger?.warn('cut off an unfinished write at the end of the journal', {
        file: segment.path,
        offset: end.offset,
        cutBytes,
      });
      await file.truncate(end.offset);
    }
    await file.sync();
    return end.kind === 'torn' ? { ...end, fileBytes: end.offset } : end;
  } finally {
    await file.close();
  }
}
