import { crc32 } from 'node:zlib';
import { BacksideError } from '@backside/protocol';

/** Bytes that the header takes at the beginning of every segment. */
export const HEADER_BYTES = 128;

/** The version of the layout that this package writes, and the highest that it reads. */
const FORMAT_VERSION = 1;

const MAGIC = Buffer.from('\u00ffBKSJRN\n', 'latin1');
const MAX_EPOCH_BYTES = 64;
const CHECKSUM_AT = HEADER_BYTES - 4;

export interface SegmentHeader {
  /** The history that the segment belongs to: letters, digits and dashes, at most 64. */
  readonly epoch: string;
  /** The revision of the first commit that the segment holds, or will hold. */
  readonly firstRevision: number;
  /** Milliseconds since the epoch when the segment was begun, which is when the one before it was ended. */
  readonly createdMs: number;
}

/**
 * All numbers little-endian: magic (8 bytes), format version (u32), zero (u32), first revision (u64), creation time (f64),
 * length of the epoch (u8) and the epoch (ASCII), zeros, and in the last four bytes the CRC-32 of all before them.
 */
export function encodeHeader(header: SegmentHeader): Buffer {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(header.epoch)) {
    throw new BacksideError(
      'internal',
      `the epoch ${JSON.stringify(header.epoch)} is not made of 1 to 64 letters, digits and dashes`,
    );
  }
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeBigUInt64LE(BigInt(header.firstRevision), 16);
  bytes.writeDoubleLE(header.createdMs, 24);
  bytes.writeUInt8(header.epoch.length, 32);
  bytes.write(header.epoch, 33, 'latin1');
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return bytes;
}

/** The header in `bytes`, or in words what is wrong with it. */
export function decodeHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < HEADER_BYTES) return 'the segment is shorter than its header';
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'the file is not a journal segment';
  const version = bytes.readUInt32LE(8);
  if (version > FORMAT_VERSION) {
    return `the segment has format version ${version}, and this program reads up to ${FORMAT_VERSION}: use a newer release`;
  }
  if (bytes.readUInt32LE(CHECKSUM_AT) !== crc32(bytes.subarray(0, CHECKSUM_AT)))
    return 'the checksum of the header is wrong';
  const epochBytes = Math.min(bytes.readUInt8(32), MAX_EPOCH_BYTES);
  return {
    epoch: bytes.toString('latin1', 33, 33 + epochBytes),
    firstRevision: Number(bytes.readBigUInt64LE(16)),
    createdMs: bytes.readDoubleLE(24),
  };
}
