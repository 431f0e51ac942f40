import { close, constants, fdatasync, fsync, ftruncate, type OpenMode, open as openCallback, writev } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { promisify } from 'node:util';
import { batchBytes, writeBatch } from './batch-format.js';
import { type SegmentFile, segmentFile, syncDirectory, UNFINISHED_SUFFIX } from './segment-files.js';
import { encodeHeader, HEADER_BYTES, type SegmentHeader } from './segment-header.js';

const openFile = promisify(openCallback);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const syncFile = promisify(fsync);

/**
 * Zeros written ahead of the data. While a write stays within them it changes neither the length of the file nor its blocks,
 * so that making it durable takes one disk write instead of two or three.
 */
const AHEAD = Buffer.alloc(256 * 1024);

/** Writes larger than this bring no zeros with them: their cost is in their own bytes. */
const SMALL_WRITE_BYTES = 64 * 1024;

/**
 * On Linux every write returns only once it is on disk (O_DSYNC), which saves a second system call. Elsewhere that flag may
 * stop at the drive's cache, which `fdatasync` does not.
 */
const SYNCS_ON_WRITE = process.platform === 'linux';
const WRITE_MODE: OpenMode = constants.O_WRONLY | (SYNCS_ON_WRITE ? constants.O_DSYNC : 0);

/** Appends to one segment. One write at a time; after a failed one only `close` may be called, and `position` still counts. */
export class SegmentWriter {
  readonly segment: SegmentFile;
  readonly #descriptor: number;
  #position: number;
  #fileBytes: number;
  #closed = false;

  private constructor(segment: SegmentFile, descriptor: number, place: { position: number; fileBytes: number }) {
    this.segment = segment;
    this.#descriptor = descriptor;
    this.#position = place.position;
    this.#fileBytes = place.fileBytes;
  }

  /** Begins a segment. It has its name only once header and room are on disk. */
  static async create(directory: string, header: SegmentHeader): Promise<SegmentWriter> {
    const segment = segmentFile(directory, header.firstRevision);
    const unfinished = segment.path + UNFINISHED_SUFFIX;
    const file = await open(unfinished, 'w');
    try {
      await file.writev([encodeHeader(header), AHEAD], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, segment.path);
    await syncDirectory(directory);
    return SegmentWriter.open(segment, { position: HEADER_BYTES, fileBytes: HEADER_BYTES + AHEAD.length });
  }

  /** Goes on with a segment that ends at `position`; beyond it there are only zeros, up to `fileBytes`. */
  static async open(segment: SegmentFile, place: { position: number; fileBytes: number }): Promise<SegmentWriter> {
    return new SegmentWriter(segment, await openFile(segment.path, WRITE_MODE), place);
  }

  /** Where the next write goes: the bytes of the segment so far. */
  get position(): number {
    return this.#position;
  }

  /** Resolves once `bytes` are on disk after all that was written before. */
  write(bytes: Buffer): Promise<void> {
    const end = this.#position + bytes.length;
    const extend = end > this.#fileBytes && bytes.length <= SMALL_WRITE_BYTES;
    return new Promise((resolve, reject) => {
      this.#writeAll(extend ? [bytes, AHEAD] : [bytes], this.#position, (error) => {
        if (error) return reject(error);
        this.#position = end;
        this.#fileBytes = Math.max(this.#fileBytes, extend ? end + AHEAD.length : end);
        resolve();
      });
    });
  }

  /** Writes zeros ahead: whether the disk takes anything shows before an append depends on it. */
  async reserve(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#writeAll([AHEAD], this.#position, (error) => (error ? reject(error) : resolve()));
    });
    this.#fileBytes = Math.max(this.#fileBytes, this.#position + AHEAD.length);
  }

  /** Marks the end: what precedes it is known to be on disk. Gives back the room that was not used. */
  async seal(durableRevision: number): Promise<void> {
    const bytes = Buffer.alloc(batchBytes([]));
    writeBatch(bytes, 0, { payloads: [], firstRevision: durableRevision + 1, durableRevision });
    await this.write(bytes);
    await truncateFile(this.#descriptor, this.#position);
    await syncFile(this.#descriptor);
  }

  /** A second call does nothing: the number of the descriptor may be that of another file by then. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeFile(this.#descriptor);
  }

  #writeAll(parts: Buffer[], position: number, done: (error: Error | null) => void): void {
    writev(this.#descriptor, parts, position, (error, written) => {
      if (error) return done(error);
      const rest = dropBytes(parts, written);
      if (rest.length > 0) return this.#writeAll(rest, position + written, done);
      if (SYNCS_ON_WRITE) return done(null);
      fdatasync(this.#descriptor, done);
    });
  }
}

/** What remains of `parts` after the first `count` bytes. */
function dropBytes(parts: Buffer[], count: number): Buffer[] {
  let left = count;
  const rest: Buffer[] = [];
  for (const part of parts) {
    if (left < part.length) rest.push(left > 0 ? part.subarray(left) : part);
    left = Math.max(0, left - part.length);
  }
  return rest;
}
