import { rm, stat } from 'node:fs/promises';
import type { Commit } from '@backside/protocol';
import type { Append, Journal, JournalSupports } from '@backside/store';
import { AppendQueue } from './append-queue.js';
import { readCommits } from './commit-reader.js';
import type { DirectoryLock } from './directory-lock.js';
import { DEFAULT_SEGMENT_BYTES, type FileJournalOptions } from './options.js';
import { reopenWriter } from './reopen-writer.js';
import { removableSegments } from './retention.js';
import { readHeader, type SegmentFile, syncDirectory } from './segment-files.js';
import { SegmentWriter } from './segment-writer.js';
import { WriteRecovery } from './write-recovery.js';

/** A journal as it was found or begun. */
export interface OpenState {
  readonly epoch: string;
  readonly lock: DirectoryLock;
  readonly segments: readonly SegmentFile[];
  readonly writer: SegmentWriter;
  readonly head: number;
}

/** A journal whose directory this process owns. */
export class FileJournal implements Journal {
  readonly supports: JournalSupports = { durability: 'disk', sharedBetweenNodes: false };
  readonly epoch: string;
  readonly #options: FileJournalOptions;
  readonly #lock: DirectoryLock;
  readonly #queue: AppendQueue;
  /** In the order of revisions; the last one is being written. Replaced, never changed. */
  #segments: readonly SegmentFile[];
  #writer: SegmentWriter;
  #trimming: Promise<void> = Promise.resolve();
  readonly #recovery: WriteRecovery;
  #closing: Promise<void> | null = null;

  constructor(options: FileJournalOptions, state: OpenState) {
    this.#options = options;
    this.epoch = state.epoch;
    this.#lock = state.lock;
    this.#segments = state.segments;
    this.#writer = state.writer;
    this.#recovery = new WriteRecovery(options, () => this.#reopen());
    const write = (bytes: Buffer, firstRevision: number): Promise<void> => this.#write(bytes, firstRevision);
    this.#queue = new AppendQueue({ write, failed: () => this.#recovery.begin() }, state.head);
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
    if (this.#writer.position >= (this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES))
      await this.#rotate(firstRevision);
    await this.#writer.write(bytes);
  }

  async #reopen(): Promise<void> {
    this.#writer = await reopenWriter(this.#options.directory, this.#writer, this.#queue.durable);
    this.#queue.recovered();
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
    const second = this.#segments[1];
    if (second === undefined || second.firstRevision > revision + 1) return;
    const sealed = this.#segments.slice(0, -1);
    const files = await Promise.all(
      this.#segments.map(async (segment) => ({
        segment,
        bytes: (await stat(segment.path)).size,
        ...(await readHeader(segment)),
      })),
    );
    const drop = removableSegments(files, {
      revision,
      now: this.#options.now(),
      retention: this.#options.retention ?? {},
    });
    if (drop === 0) return;
    this.#segments = this.#segments.slice(drop);
    for (const segment of sealed.slice(0, drop)) await rm(segment.path, { force: true });
    await syncDirectory(this.#options.directory);
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#recovery.stop();
    await this.#trimming;
    try {
      if (!this.#queue.failed) await this.#writer.seal(this.#queue.durable);
    } finally {
      await this.#writer.close();
      await this.#lock.release();
    }
  }
}
