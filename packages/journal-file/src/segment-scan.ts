import type { FileHandle } from 'node:fs/promises';
import { BATCH_MARK, type BatchHead, HEAD_BYTES, parseBatch, parseHead, type StoredBatch } from './batch-format.js';

/** Bytes read at once; a larger batch is read whole. */
const CHUNK_BYTES = 256 * 1024;

/** Bytes read at once while a batch is looked for. */
const SEARCH_BYTES = 32 * 1024;

/** Where a scan may read, and what it must find there. */
export interface ScanRange {
  /** A place where a batch begins. */
  readonly from: number;
  readonly to: number;
  /** The revision that the first record must have; null takes what comes. */
  readonly nextRevision: number | null;
}

/** Why a scan ended. */
export interface ScanEnd {
  /** After the last sound batch. */
  readonly offset: number;
  /** The revision that would come next. */
  readonly nextRevision: number | null;
  /** What is wrong at `offset`; null if the range ended there. */
  readonly problem: string | null;
}

/**
 * The sound batches of a segment in order, in groups as they come from the disk, until the range ends or something else than
 * the expected batch stands there. Holds one chunk at a time; groups given out keep theirs.
 */
export async function* scanBatches(file: FileHandle, range: ScanRange): AsyncGenerator<StoredBatch[], ScanEnd> {
  let { from: offset, nextRevision } = range;
  let chunkBytes = CHUNK_BYTES;
  while (offset < range.to) {
    const wantedBytes = Math.min(chunkBytes, range.to - offset);
    const chunk = await readChunk(file, offset, wantedBytes);
    const reach = chunk.length < wantedBytes ? offset + chunk.length : range.to;
    const group = parseChunk(chunk, offset, nextRevision);
    ({ offset, nextRevision } = group);
    if (group.batches.length > 0) yield group.batches;
    if (group.problem !== null) return { offset, nextRevision, problem: group.problem };
    if (offset + group.neededBytes > reach || chunk.length === 0) {
      return { offset, nextRevision, problem: 'a batch is cut off here' };
    }
    chunkBytes = Math.max(CHUNK_BYTES, group.neededBytes);
  }
  return { offset, nextRevision, problem: null };
}

interface ChunkGroup extends ScanEnd {
  readonly batches: StoredBatch[];
  /** Bytes from `offset` on without which it cannot go on. */
  readonly neededBytes: number;
}

function parseChunk(chunk: Buffer, chunkOffset: number, expected: number | null): ChunkGroup {
  const batches: StoredBatch[] = [];
  let nextRevision = expected;
  let at = 0;
  const end = (problem: string | null, neededBytes: number): ChunkGroup => {
    return { batches, offset: chunkOffset + at, nextRevision, problem, neededBytes };
  };
  while (at < chunk.length) {
    const parsed = parseBatch(chunk, at, chunkOffset);
    if (parsed.kind === 'bad') return end(parsed.problem, 0);
    if (parsed.kind === 'partial') return end(null, parsed.neededBytes);
    const { batch } = parsed;
    if (nextRevision !== null && batch.firstRevision !== nextRevision) {
      return end(`revision ${batch.firstRevision} stands where ${nextRevision} belongs`, 0);
    }
    batches.push(batch);
    nextRevision = batch.firstRevision + batch.count;
    at += batch.totalBytes;
  }
  return end(null, 0);
}

/** A batch of which only the head was looked at. */
export interface FoundBatch extends BatchHead {
  readonly offset: number;
}

export interface Search {
  readonly from: number;
  readonly to: number;
  /** Which batch is looked for; any by default. */
  readonly accept?: (found: FoundBatch) => boolean;
}

/**
 * The first batch that is accepted, has a sound head and begins in `from` … `to`, wherever `from` points: the mark of a batch
 * cannot occur in a payload, and the checksum of the head tells it from numbers that happen to look like it. Null if there is
 * none.
 */
export async function findBatch(file: FileHandle, { from, to, accept }: Search): Promise<FoundBatch | null> {
  for (let offset = from; offset + HEAD_BYTES <= to; ) {
    const chunk = await readChunk(file, offset, Math.min(SEARCH_BYTES, to - offset));
    if (chunk.length < HEAD_BYTES) return null;
    for (let at = chunk.indexOf(BATCH_MARK); at >= 0; at = chunk.indexOf(BATCH_MARK, at + 1)) {
      const head = parseHead(chunk, at) ?? (await readHeadAcross(file, offset + at, to));
      const found = head && { ...head, offset: offset + at };
      if (found && (accept?.(found) ?? true)) return found;
    }
    offset += chunk.length - (BATCH_MARK.length - 1);
  }
  return null;
}

/** The head at `offset` when it did not lie whole in the chunk at hand. */
async function readHeadAcross(file: FileHandle, offset: number, to: number): Promise<BatchHead | null> {
  const fixed = await readChunk(file, offset, Math.min(HEAD_BYTES, to - offset));
  const parsed = parseBatch(fixed, 0);
  if (parsed.kind !== 'partial' || offset + parsed.neededBytes > to) return null;
  return parseHead(await readChunk(file, offset, parsed.neededBytes), 0);
}

/**
 * The offset of a batch at or before the one that holds `revision`, found by halving: near it if the segment is large, so
 * that a reader need not begin at the beginning.
 */
export async function locate(file: FileHandle, range: { from: number; to: number }, revision: number): Promise<number> {
  let low = range.from;
  let high = range.to;
  while (high - low > CHUNK_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await findBatch(file, { from: middle, to: high });
    if (found !== null && found.firstRevision <= revision) low = found.offset;
    else high = middle;
  }
  return low;
}

/** Up to `bytes` bytes at `offset`; fewer only at the end of the file. */
export async function readChunk(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
