import { crc32 } from 'node:zlib';

/**
 * One append as it stands in a segment. All numbers little-endian:
 *
 * | at | | |
 * |---|---|---|
 * | 0 | 4 bytes | mark `FF FE 42 4A`; it begins with bytes that UTF-8 never has, so no payload contains it |
 * | 4 | u32 | CRC-32 of everything from byte 8 to the end of the lengths |
 * | 8 | u32 | number of records; 0 in a seal |
 * | 12 | u32 | bytes of all payloads |
 * | 16 | u32 | CRC-32 of all payloads |
 * | 20 | u64 | revision of the first record; in a seal, of the next one to come |
 * | 28 | u64 | the revision up to which all was known to be on disk when this was written |
 * | 36 | u32 × records | length of each payload |
 * | … | | the payloads, each the encoding of one commit |
 *
 * The payloads have one checksum and not one each, because an append counts entirely or not at all.
 */
export const HEAD_BYTES = 36;

export const BATCH_MARK: Buffer = Buffer.from([0xff, 0xfe, 0x42, 0x4a]);
const MARK_NUMBER = BATCH_MARK.readUInt32LE(0);

/** Where the fields of a head stand; see the table above. */
const AT = {
  headChecksum: 4,
  count: 8,
  bodyBytes: 12,
  bodyChecksum: 16,
  firstRevision: 20,
  durableRevision: 28,
} as const;

export interface BatchHead {
  readonly count: number;
  readonly bodyBytes: number;
  readonly firstRevision: number;
  /** The revision up to which all was known to be on disk when the batch was written. */
  readonly durableRevision: number;
}

export interface StoredBatch extends BatchHead {
  /** Where it begins in its file. */
  readonly offset: number;
  /** Bytes of head, lengths and payloads. */
  readonly totalBytes: number;
  /** The encoded commits; views of the buffer that was parsed. */
  records(): Buffer[];
}

/** What stands at a place: a batch, the beginning of one that goes on beyond the buffer, or (in words) something else. */
export type ParsedBatch =
  | { readonly kind: 'batch'; readonly batch: StoredBatch }
  /** `neededBytes` grows as head, lengths and payloads come in. */
  | { readonly kind: 'partial'; readonly neededBytes: number }
  | { readonly kind: 'bad'; readonly problem: string };

/** Bytes that `writeBatch` takes for these payloads. */
export function batchBytes(payloads: readonly Uint8Array[]): number {
  let bytes = HEAD_BYTES + 4 * payloads.length;
  for (const payload of payloads) bytes += payload.length;
  return bytes;
}

/** Writes one batch into `target` at `offset` and returns the offset after it. */
export function writeBatch(
  target: Buffer,
  offset: number,
  batch: { payloads: readonly Uint8Array[]; firstRevision: number; durableRevision: number },
): number {
  const { payloads } = batch;
  const bodyAt = offset + HEAD_BYTES + 4 * payloads.length;
  let end = bodyAt;
  for (let index = 0; index < payloads.length; index++) {
    const payload = payloads[index]!;
    target.writeUInt32LE(payload.length, offset + HEAD_BYTES + 4 * index);
    target.set(payload, end);
    end += payload.length;
  }
  BATCH_MARK.copy(target, offset);
  target.writeUInt32LE(payloads.length, offset + AT.count);
  target.writeUInt32LE(end - bodyAt, offset + AT.bodyBytes);
  target.writeUInt32LE(crc32(target.subarray(bodyAt, end)), offset + AT.bodyChecksum);
  writeRevision(target, batch.firstRevision, offset + AT.firstRevision);
  writeRevision(target, batch.durableRevision, offset + AT.durableRevision);
  target.writeUInt32LE(crc32(target.subarray(offset + AT.count, bodyAt)), offset + AT.headChecksum);
  return end;
}

/** What stands in `bytes` at `offset`, if `bytes` begin at `fileOffset` of their file. */
export function parseBatch(bytes: Buffer, offset: number, fileOffset = 0): ParsedBatch {
  const available = bytes.length - offset;
  if (!hasMark(bytes, offset)) return { kind: 'bad', problem: 'no batch begins here' };
  if (available < HEAD_BYTES) return { kind: 'partial', neededBytes: HEAD_BYTES };
  const headBytes = HEAD_BYTES + 4 * bytes.readUInt32LE(offset + AT.count);
  if (available < headBytes) return { kind: 'partial', neededBytes: headBytes };
  const head = parseHead(bytes, offset);
  if (head === null) return { kind: 'bad', problem: 'the checksum of the head of a batch is wrong' };
  const { count, bodyBytes, firstRevision, durableRevision } = head;
  const totalBytes = headBytes + bodyBytes;
  if (available < totalBytes) return { kind: 'partial', neededBytes: totalBytes };
  const body = bytes.subarray(offset + headBytes, offset + totalBytes);
  if (bytes.readUInt32LE(offset + AT.bodyChecksum) !== crc32(body)) {
    return { kind: 'bad', problem: 'the checksum of a batch is wrong' };
  }
  const records = (): Buffer[] => recordsOf(bytes, offset, count);
  const batch = { count, bodyBytes, firstRevision, durableRevision, offset: fileOffset + offset, totalBytes, records };
  return { kind: 'batch', batch };
}

/** Whether the mark, or as much of it as there is room for, stands at `offset`. */
function hasMark(bytes: Buffer, offset: number): boolean {
  if (bytes.length - offset >= BATCH_MARK.length) return bytes.readUInt32LE(offset) === MARK_NUMBER;
  const rest = bytes.subarray(offset);
  return rest.equals(BATCH_MARK.subarray(0, rest.length));
}

/** The head at `offset`, where the mark stands, if it and the lengths after it are all there and sound; otherwise null. */
export function parseHead(bytes: Buffer, offset: number): BatchHead | null {
  if (bytes.length - offset < HEAD_BYTES) return null;
  const count = bytes.readUInt32LE(offset + AT.count);
  const bodyAt = offset + HEAD_BYTES + 4 * count;
  if (bodyAt > bytes.length) return null;
  if (bytes.readUInt32LE(offset + AT.headChecksum) !== crc32(bytes.subarray(offset + AT.count, bodyAt))) return null;
  return {
    count,
    bodyBytes: bytes.readUInt32LE(offset + AT.bodyBytes),
    firstRevision: readRevision(bytes, offset + AT.firstRevision),
    durableRevision: readRevision(bytes, offset + AT.durableRevision),
  };
}

function recordsOf(bytes: Buffer, offset: number, count: number): Buffer[] {
  const records = new Array<Buffer>(count);
  let start = offset + HEAD_BYTES + 4 * count;
  for (let index = 0; index < count; index++) {
    const end = start + bytes.readUInt32LE(offset + HEAD_BYTES + 4 * index);
    records[index] = bytes.subarray(start, end);
    start = end;
  }
  return records;
}

function writeRevision(target: Buffer, revision: number, offset: number): void {
  target.writeUInt32LE(revision % 2 ** 32, offset);
  target.writeUInt32LE(Math.floor(revision / 2 ** 32), offset + 4);
}

function readRevision(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
