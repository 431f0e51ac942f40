import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Commit } from '@backside/protocol';
import type { Append, Journal, JournalSupports } from '@backside/store';
import { AppendQueue } from './append-queue.js';
import { readCommits } from './commit-reader.js';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { DEFAULT_SEGMENT_BYTES, type FileJournalOptions } from './options.js';
import { inspectSegment, type SegmentEnd } from './recovery.js';
import { removableSegments } from './retention.js';
import { damage, listSegments, readHeader, type SegmentFile, syncDirectory, UNFINISHED_SUFFIX } from './segment-files.js';
import { SegmentWriter } from './segment-writer.js';

/**
 * Opens the journal in a directory, or begins one. What a crash left half written is cut off, with a warning: it was never
 * acknowledged as durable. Throws `unavailable` if another process has the directory, `internal` naming file and byte if
 * acknowledged data is damaged or was written by a newer release.
 */
export async function createFileJournal(options: FileJournalOptions): Promise<Journal> {
  await mkdir(options.directory, { recursive: true });
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

/** Segments that were not complete when a crash came: nothing can have been acknowledged that is in them. */
async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(UNFINISHED_SUFFIX)) await rm(join(directory, name), { force: true });
  }
}

async function commonEpoch(segments: readonly SegmentFile[]): Promise<string> {
  let epoch: string | null = null;
  for (const segment of segments) {
    const header = await readHeader(segment);
    epoch ??= header.epoch;
    if (header.epoch !== epoch) throw damage(segment, 0, `it belongs to the history ${header.epoch}, the one before it to ${epoch}`);
  }
  return epoch!;
}

/** Finds the end of the last segment, cuts off what was never acknowledged, and makes sure that the rest is on disk. */
async function recover(segment: SegmentFile, options: FileJournalOptions): Promise<SegmentEnd> {
  const file = await open(segment.path, 'r+');
  try {
    const end = await inspectSegment(file, segment);
    if (end.kind === 'damaged') throw damage(segment, end.offset, end.problem);
    if (end.kind === 'torn') {
      const cutBytes = end.fileBytes - end.offset;
      options.logger?.warn('cut off an unfinished write at the end of the journal', { file: segment.path, offset: end.offset, cutBytes });
      await file.truncate(end.offset);
    }
    await file.sync();
    return end.kind === 'torn' ? { ...end, fileBytes: end.offset } : end;
  } finally {
    await file.close();
  }
}

interface OpenState {
  readonly epoch: string;
  readonly lock: DirectoryLock;
  readonly segments: readonly SegmentFile[];
  readonly writer: SegmentWriter;
  readonly head: number;
}

class FileJournal implements Journal {
  readonly supports: JournalSupports = { durability: 'disk', sharedBetweenNodes: false };
  readonly epoch: string;
  readonly #options: FileJournalOptions;
  readonly #lock: DirectoryLock;
  readonly #queue: AppendQueue;
  /** In the order of revisions; the last one is being written. Replaced, never changed. */
  #segments: readonly SegmentFile[];
  #writer: SegmentWriter;
  #trimming: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(options: FileJournalOptions, state: OpenState) {
    this.#options = options;
    this.epoch = state.epoch;
    this.#lock = state.lock;
    this.#segments = state.segments;
    this.#writer = state.writer;
    this.#queue = new AppendQueue({ write: (bytes, firstRevision) => this.#write(bytes, firstRevision) }, state.head);
  }

  async head(): Promise<number> {
    return this.#queue.durable;
  }

  async first(): Promise<number> {
    return this.#segments[0]!.firstRevision;
  }

  append(base: number, commits: readonly Commit[]): Append {
    return this.#queue.append(base, commits);
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    return readCommits(this.#segments, { after, head: this.#queue.durable });
  }

  trim(revision: number): Promise<void> {
    const done = this.#trimming.then(() => this.#trim(revision));
    this.#trimming = done.catch(() => undefined);
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #write(bytes: Buffer, firstRevision: number): Promise<void> {
    if (this.#writer.position >= (this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES)) await this.#rotate(firstRevision);
    await this.#writer.write(bytes);
  }

  async #rotate(firstRevision: number): Promise<void> {
    const full = this.#writer;
    await full.seal(firstRevision - 1);
    this.#writer = await SegmentWriter.create(this.#options.directory, {
      epoch: this.epoch,
      firstRevision,
      createdMs: this.#options.now(),
    });
    this.#segments = [...this.#segments, this.#writer.segment];
    await full.close();
  }

  async #trim(revision: number): Promise<void> {
    const sealed = this.#segments.slice(0, -1);
    const files = await Promise.all(
      this.#segments.map(async (segment) => ({ segment, bytes: (await stat(segment.path)).size, ...(await readHeader(segment)) })),
    );
    const drop = removableSegments(files, { revision, now: this.#options.now(), retention: this.#options.retention ?? {} });
    if (drop === 0) return;
    this.#segments = this.#segments.slice(drop);
    for (const segment of sealed.slice(0, drop)) await rm(segment.path, { force: true });
    await syncDirectory(this.#options.directory);
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#trimming;
    try {
      if (!this.#queue.failed) await this.#writer.seal(this.#queue.durable);
    } finally {
      await this.#writer.close();
      await this.#lock.release();
    }
  }
}
