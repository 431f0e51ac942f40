import { open } from 'node:fs/promises';
import { BacksideError, type Commit } from '@backside/protocol';
import { readCommits } from './commit-reader.js';
import { inspectTail } from './recovery.js';
import { listSegments, readHeader, type SegmentFile } from './segment-files.js';

/** Read-only sight of a journal, also while another process owns it. Holds no file open between calls. */
export interface FileJournalReader {
  readonly epoch: string;
  /**
   * The last revision that is whole in the files now. It may be ahead, by the owner's write under way, of what the owner
   * calls durable.
   */
  head(): Promise<number>;
  /** The lowest revision that is kept now; head + 1 when none is. */
  first(): Promise<number>;
  /** As `Journal.commits`, up to the head at the first step. */
  commits(after: number): AsyncIterable<readonly Commit[]>;
}

/**
 * Reads a journal without owning it: for exports and examinations. An unfinished write at the end counts as not there.
 * Throws `not-found` if the directory holds no journal, `internal` if what it holds cannot be read.
 */
export async function readFileJournal(directory: string): Promise<FileJournalReader> {
  const { epoch } = await readHeader((await segmentsOf(directory)).at(-1)!);
  return {
    epoch,
    head: async () => headOf((await segmentsOf(directory)).at(-1)!),
    first: async () => (await segmentsOf(directory))[0]!.firstRevision,
    commits: (after) => readNow(directory, after),
  };
}

async function* readNow(directory: string, after: number): AsyncGenerator<readonly Commit[]> {
  const segments = await segmentsOf(directory);
  yield* readCommits(segments, { after, head: await headOf(segments.at(-1)!) });
}

async function headOf(last: SegmentFile): Promise<number> {
  const file = await open(last.path, 'r');
  try {
    return (await inspectTail(file, last)).head;
  } finally {
    await file.close();
  }
}

async function segmentsOf(directory: string): Promise<SegmentFile[]> {
  const segments = await listSegments(directory);
  if (segments.length === 0) throw new BacksideError('not-found', `${directory} holds no journal`);
  return segments;
}
