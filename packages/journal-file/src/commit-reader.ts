import { type FileHandle, open } from 'node:fs/promises';
import { BacksideError, type Commit, decodeCommit } from '@backside/protocol';
import type { StoredBatch } from './batch-format.js';
import { damage, type SegmentFile } from './segment-files.js';
import { HEADER_BYTES } from './segment-header.js';
import { locate, type ScanRange, scanBatches } from './segment-scan.js';

export interface CommitRange {
  readonly after: number;
  /** The last revision to read; all up to it are whole on disk. */
  readonly head: number;
}

/**
 * The commits `after + 1` … `head`. Reads through the segments with one chunk of a quarter megabyte (or one batch, if that is
 * larger) at a time. Throws `not-found` if they begin later or are removed on the way, `internal` at damage.
 */
export async function* readCommits(
  segments: readonly SegmentFile[],
  range: CommitRange,
): AsyncGenerator<readonly Commit[]> {
  let next = range.after + 1;
  if (next > range.head) return;
  if (next < (segments[0]?.firstRevision ?? Infinity)) throw notKept(next);
  for (let index = segmentOf(segments, next); index < segments.length && next <= range.head; index++) {
    const segment = segments[index]!;
    if (segment.firstRevision > next)
      throw damage(segment, 0, `it begins with revision ${segment.firstRevision}, and ${next} is nowhere`);
    for await (const commits of readSegment(segment, { after: next - 1, head: range.head })) {
      next = commits.at(-1)!.revision + 1;
      yield commits;
    }
  }
}

/** The index of the segment that holds `revision` if any does. */
function segmentOf(segments: readonly SegmentFile[], revision: number): number {
  return segments.findLastIndex((segment) => segment.firstRevision <= revision);
}

async function* readSegment(segment: SegmentFile, range: CommitRange): AsyncGenerator<readonly Commit[], undefined> {
  const file = await openSegment(segment, range.after + 1);
  try {
    const scan = scanBatches(file, await placesOf(file, segment, range.after + 1));
    for (let step = await scan.next(); ; step = await scan.next()) {
      if (step.done) {
        if (step.value.problem !== null) throw damage(segment, step.value.offset, step.value.problem);
        return;
      }
      const commits = commitsOf(step.value, range);
      if (commits.length > 0) yield commits;
      if (endOf(step.value) >= range.head) return;
    }
  } finally {
    await file.close();
  }
}

async function openSegment(segment: SegmentFile, revision: number): Promise<FileHandle> {
  try {
    return await open(segment.path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw notKept(revision, error);
    throw error;
  }
}

/** The part of the segment to read in order to get everything from `revision` on. */
async function placesOf(file: FileHandle, segment: SegmentFile, revision: number): Promise<ScanRange> {
  const whole = { from: HEADER_BYTES, to: (await file.stat()).size };
  if (revision === segment.firstRevision) return { ...whole, nextRevision: revision };
  return { from: await locate(file, whole, revision), to: whole.to, nextRevision: null };
}

function commitsOf(batches: readonly StoredBatch[], range: CommitRange): Commit[] {
  const commits: Commit[] = [];
  for (const batch of batches) {
    const from = Math.max(0, range.after + 1 - batch.firstRevision);
    const to = Math.min(batch.count, range.head + 1 - batch.firstRevision);
    if (from < to) for (const bytes of batch.records().slice(from, to)) commits.push(decodeCommit(bytes));
  }
  return commits;
}

/** The last revision of a group of batches. */
function endOf(batches: readonly StoredBatch[]): number {
  const last = batches.at(-1)!;
  return last.firstRevision + last.count - 1;
}

function notKept(revision: number, cause?: Error): BacksideError {
  return new BacksideError('not-found', `commit ${revision} is no longer kept`, { cause });
}
