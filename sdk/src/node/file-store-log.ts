import { crc32 } from 'node:zlib';

/** First line of every log; a file that begins otherwise is not one of ours. */
export const LOG_HEADER = 'backside-store 1\n';
/** Before the payload: its length and its checksum, eight hexadecimal digits each, and a space behind both. */
const PREFIX_BYTES = 18;

/** Where a value lies in the log, in bytes. */
export interface ValuePlace {
  readonly offset: number;
  readonly length: number;
}

/** What one record says: the key has this value now; null: it has none. */
export interface LogEntry {
  readonly key: string;
  readonly place: ValuePlace | null;
  /** Of the whole record. */
  readonly bytes: number;
}

/**
 * One record: `LENGTH CHECKSUM PAYLOAD\n`. The payload is the key as a JSON string and a line break, then the value as it is; without
 * the line break it removes the key. The place counts from the beginning of the record.
 */
export function encodeRecord(key: string, value: string | null): { record: Buffer; place: ValuePlace | null } {
  const keyText = JSON.stringify(key);
  const payload = Buffer.from(value === null ? keyText : `${keyText}\n${value}`);
  const record = Buffer.concat([Buffer.from(`${hex(payload.length)} ${hex(checksumOf(payload))} `), payload, NEWLINE]);
  if (value === null) return { record, place: null };
  const offset = PREFIX_BYTES + Buffer.byteLength(keyText) + 1;
  return { record, place: { offset, length: PREFIX_BYTES + payload.length - offset } };
}

/** The whole records of a log up to the first that is not, and where they end; what is behind that was never acknowledged or is damaged. */
export function readLog(log: Buffer): { entries: LogEntry[]; end: number } {
  const entries: LogEntry[] = [];
  if (log.toString('latin1', 0, LOG_HEADER.length) !== LOG_HEADER) return { entries, end: 0 };
  let end = LOG_HEADER.length;
  for (let entry = readRecord(log, end); entry !== null; entry = readRecord(log, end)) {
    entries.push(entry);
    end += entry.bytes;
  }
  return { entries, end };
}

function readRecord(log: Buffer, start: number): LogEntry | null {
  const prefix = /^([0-9a-f]{8}) ([0-9a-f]{8}) $/.exec(log.toString('latin1', start, start + PREFIX_BYTES));
  if (prefix === null) return null;
  const from = start + PREFIX_BYTES;
  const to = from + Number.parseInt(prefix[1]!, 16);
  if (log[to] !== NEWLINE[0]) return null;
  const payload = log.subarray(from, to);
  if (checksumOf(payload) !== Number.parseInt(prefix[2]!, 16)) return null;
  const bytes = to + 1 - start;
  const separator = payload.indexOf(NEWLINE);
  const key = JSON.parse(payload.toString('utf8', 0, separator === -1 ? payload.length : separator)) as string;
  const offset = from + separator + 1;
  return { key, bytes, place: separator === -1 ? null : { offset, length: to - offset } };
}

const NEWLINE: Buffer = Buffer.from('\n');

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}

function checksumOf(payload: Buffer): number {
  return crc32(payload);
}
