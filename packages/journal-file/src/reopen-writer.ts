import { open, rm } from 'node:fs/promises';
import { inspectTail } from './recovery.js';
import { damage, listSegments, removeUnfinished, type SegmentFile, syncDirectory } from './segment-files.js';
import { SegmentWriter } from './segment-writer.js';

/**
 * Goes on after a failed write, where the last successful one ended. What follows was not acknowledged, and is cut off even if it
 * looks whole: after an error the system may show what it has not written. Rejects if the disk still takes nothing (then it
 * may be called again), or with `internal` if what was acknowledged, up to revision `durable`, is not there any more.
 */
export async function reopenWriter(directory: string, failed: SegmentWriter, durable: number): Promise<SegmentWriter> {
  const { segment, position } = failed;
  await failed.close();
  await removeLaterSegments(directory, segment);
  await cutAt(segment, position, durable);
  const writer = await SegmentWriter.open(segment, { position, fileBytes: position });
  try {
    await writer.reserve();
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** A segment that was begun and did not come into use holds nothing. */
async function removeLaterSegments(directory: string, last: SegmentFile): Promise<void> {
  await removeUnfinished(directory);
  for (const segment of await listSegments(directory)) {
    if (segment.firstRevision > last.firstRevision) await rm(segment.path);
  }
  await syncDirectory(directory);
}

async function cutAt(segment: SegmentFile, position: number, durable: number): Promise<void> {
  const file = await open(segment.path, 'r+');
  try {
    await file.truncate(position);
    await file.sync();
    const end = await inspectTail(file, segment);
    if (end.head === durable && end.offset === position) return;
    throw damage(segment, end.offset, `it ends with revision ${end.head}, and ${durable} was acknowledged`);
  } finally {
    await file.close();
  }
}
