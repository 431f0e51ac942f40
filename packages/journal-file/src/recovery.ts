import type { FileHandle } from 'node:fs/promises';
import type { SegmentFile } from './segment-files.js';
import { HEADER_BYTES } from './segment-header.js';
import { type FoundBatch, findBatch, readChunk, type ScanEnd, scanBatches } from './segment-scan.js';

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

/** What `inspectTail` reads at first: more than the zeros that are written ahead. */
const TAIL_BYTES = 1024 * 1024;

const ZERO_CHECK_BYTES = 256 * 1024;

/** Reads a whole segment, without decoding commits, and says how it ends. */
export async function inspectSegment(file: FileHandle, segment: SegmentFile): Promise<SegmentEnd> {
  return inspectFrom(file, { offset: HEADER_BYTES, firstRevision: segment.firstRevision });
}

/**
 * Says how a segment ends and reads only the last part of it, which is enough: it begins with a batch before which all was on
 * disk. Damage before that shows when it is read.
 */
export async function inspectTail(file: FileHandle, segment: SegmentFile): Promise<SegmentEnd> {
  const { size } = await file.stat();
  for (let bytes = TAIL_BYTES; HEADER_BYTES + bytes < size; bytes *= 2) {
    const accept = ({ firstRevision, durableRevision }: FoundBatch): boolean => durableRevision === firstRevision - 1;
    const start = await findBatch(file, { from: size - bytes, to: size, accept });
    if (start !== null) return inspectFrom(file, start);
  }
  return inspectSegment(file, segment);
}

async function inspectFrom(file: FileHandle, start: { offset: number; firstRevision: number }): Promise<SegmentEnd> {
  const { size: fileBytes } = await file.stat();
  const scan = scanBatches(file, { from: start.offset, to: fileBytes, nextRevision: start.firstRevision });
  let step = await scan.next();
  while (!step.done) step = await scan.next();
  const end = step.value;
  const nextRevision = end.nextRevision ?? start.firstRevision;
  const kind = end.problem === null ? 'clean' : await classify(file, { ...end, nextRevision }, fileBytes);
  return { kind, offset: end.offset, fileBytes, head: nextRevision - 1, problem: end.problem ?? '' };
}

/**
 * A crash leaves any part of the writes that were under way, in any order; none of them was acknowledged. So what follows the
 * last sound batch is the remains of such a write, unless a sound batch further on says that more was already on disk when
 * it was written: then something that had been acknowledged is gone.
 */
async function classify(
  file: FileHandle,
  end: ScanEnd & { nextRevision: number },
  fileBytes: number,
): Promise<SegmentEnd['kind']> {
  const accept = (found: FoundBatch): boolean =>
    found.durableRevision >= end.nextRevision ||
    (found.offset === end.offset && found.firstRevision !== end.nextRevision);
  if ((await findBatch(file, { from: end.offset, to: fileBytes, accept })) !== null) return 'damaged';
  return (await isZero(file, end.offset, fileBytes)) ? 'clean' : 'torn';
}

async function isZero(file: FileHandle, from: number, to: number): Promise<boolean> {
  for (let offset = from; offset < to; offset += ZERO_CHECK_BYTES) {
    const chunk = await readChunk(file, offset, Math.min(ZERO_CHECK_BYTES, to - offset));
    if (chunk.some((byte) => byte !== 0)) return false;
  }
  return true;
}
