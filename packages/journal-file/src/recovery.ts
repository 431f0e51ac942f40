import type { FileHandle } from 'node:fs/promises';
import { type ScanEnd, findBatch, readChunk, scanBatches } from './segment-scan.js';
import { HEADER_BYTES } from './segment-header.js';
import type { SegmentFile } from './segment-files.js';

/** How a segment ends, after its last sound batch. */
export interface SegmentEnd {
  /** `clean`: nothing but zeros follows. `torn`: the remains of a write that was never acknowledged. `damaged`: see `problem`. */
  readonly kind: 'clean' | 'torn' | 'damaged';
  /** After the last sound batch. */
  readonly offset: number;
  readonly fileBytes: number;
  /** The last revision before `offset`. */
  readonly head: number;
  readonly problem: string;
}

const ZERO_CHECK_BYTES = 256 * 1024;

/** Reads a whole segment, without decoding commits, and says how it ends. */
export async function inspectSegment(file: FileHandle, segment: SegmentFile): Promise<SegmentEnd> {
  const { size: fileBytes } = await file.stat();
  const scan = scanBatches(file, { from: HEADER_BYTES, to: fileBytes, nextRevision: segment.firstRevision });
  let step = await scan.next();
  while (!step.done) step = await scan.next();
  const end = step.value;
  const nextRevision = end.nextRevision ?? segment.firstRevision;
  const kind = end.problem === null ? 'clean' : await classify(file, { ...end, nextRevision }, fileBytes);
  return { kind, offset: end.offset, fileBytes, head: nextRevision - 1, problem: end.problem ?? '' };
}

/**
 * A crash leaves any part of the writes that were under way, in any order; none of them was acknowledged. So what follows the
 * last sound batch is the remains of such a write, unless a sound batch further on says that more was already on disk when
 * it was written: then something that had been acknowledged is gone.
 */
async function classify(file: FileHandle, end: ScanEnd & { nextRevision: number }, fileBytes: number): Promise<SegmentEnd['kind']> {
  for (let from = end.offset; ; ) {
    const found = await findBatch(file, from, fileBytes);
    if (found === null) break;
    if (found.durableRevision >= end.nextRevision) return 'damaged';
    if (found.offset === end.offset && found.firstRevision !== end.nextRevision) return 'damaged';
    from = found.offset + 1;
  }
  return (await isZero(file, end.offset, fileBytes)) ? 'clean' : 'torn';
}

async function isZero(file: FileHandle, from: number, to: number): Promise<boolean> {
  for (let offset = from; offset < to; offset += ZERO_CHECK_BYTES) {
    const chunk = await readChunk(file, offset, Math.min(ZERO_CHECK_BYTES, to - offset));
    if (chunk.some((byte) => byte !== 0)) return false;
  }
  return true;
}
