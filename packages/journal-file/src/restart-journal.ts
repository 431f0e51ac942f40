import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { listSegments, makeDirectory, syncDirectory } from './segment-files.js';
import { SegmentWriter } from './segment-writer.js';

export interface RestartOptions {
  readonly directory: string;
  /** The revision before the first one that the new journal will have: that of a tree which has everything up to it. */
  readonly after: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Begins a journal of a new history after a revision, in place of what is left of one; that is moved into files beside it, never
 * deleted. The caller has the directory's lock. An interrupted call leaves a journal without its end, or none; it is to be repeated.
 */
export async function restartFileJournal(options: RestartOptions): Promise<{ epoch: string; savedAs: string[] }> {
  const { directory, after, now } = options;
  await makeDirectory(directory);
  const savedAs: string[] = [];
  for (const segment of (await listSegments(directory)).reverse()) {
    await rename(segment.path, `${segment.path}.set-aside`);
    savedAs.unshift(`${segment.path}.set-aside`);
  }
  await syncDirectory(directory);
  const epoch = randomUUID();
  const writer = await SegmentWriter.create(directory, { epoch, firstRevision: after + 1, createdMs: now() });
  await writer.close();
  return { epoch, savedAs };
}
