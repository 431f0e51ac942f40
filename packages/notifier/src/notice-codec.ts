import { type Commit, decodeCommit } from '@backside/protocol';
import { GAP, type Notice } from './notifier.js';

/*
 * A notice on the wire, big-endian:
 *
 *   0  magic, 0xb5
 *   1  format of what follows the header
 *   2  head, 8 bytes; 0 if only the journal knows
 *  10  who sent it, 16 bytes
 *  26  format 1: number of commits, 4 bytes; the length of each, 4 bytes; their encodings, joined
 *
 * The header, up to 26, is the same in every format: so nodes of different versions, side by side while a cluster is upgraded, at
 * least tell each other where the journal's head is.
 */
const MAGIC = 0xb5;
const HEADER_BYTES = 26;
const SENDER_AT = 10;

export const NOTICE_FORMAT = 1;
export const SENDER_BYTES = 16;
/** What a notice of that many commits adds to their encodings. */
export const overheadBytes = (commits: number): number => HEADER_BYTES + 4 + 4 * commits;

export interface EncodableNotice {
  /** The encodings of commits, in the order of their revisions. */
  readonly commits: readonly Uint8Array[];
  readonly head: number | null;
}

/** `sender` has SENDER_BYTES. */
export function encodeNotice({ commits, head }: EncodableNotice, sender: Uint8Array): Buffer {
  const size = commits.reduce((sum, { length }) => sum + length, overheadBytes(commits.length));
  const message = Buffer.allocUnsafe(size);
  message[0] = MAGIC;
  message[1] = NOTICE_FORMAT;
  message.writeBigUInt64BE(BigInt(head ?? 0), 2);
  message.set(sender, SENDER_AT);
  message.writeUInt32BE(commits.length, HEADER_BYTES);
  let at = HEADER_BYTES + 4;
  for (const { length } of commits) at = message.writeUInt32BE(length, at);
  for (const commit of commits) {
    message.set(commit, at);
    at += commit.length;
  }
  return message;
}

/**
 * What a message says; null if `self` sent it. Never throws: of a message in another format or damaged there is the head, and of
 * anything else GAP. Keeps nothing of `bytes`.
 */
export function decodeNotice(bytes: Uint8Array, self: Uint8Array): Notice | null {
  // A copy: commits are kept for long, and would keep the whole buffer that they were received in.
  const message = Buffer.from(bytes);
  if (message.length < HEADER_BYTES || message[0] !== MAGIC) return GAP;
  if (message.subarray(SENDER_AT, SENDER_AT + SENDER_BYTES).equals(self)) return null;
  const head = Number(message.readBigUInt64BE(2));
  if (head === 0 || !Number.isSafeInteger(head)) return GAP;
  return { commits: message[1] === NOTICE_FORMAT ? (commitsOf(message) ?? []) : [], head };
}

/** The commits of a message in this format; null if it is not whole. */
function commitsOf(message: Buffer): Commit[] | null {
  if (message.length < HEADER_BYTES + 4) return null;
  const count = message.readUInt32BE(HEADER_BYTES);
  let end = overheadBytes(count);
  if (end > message.length) return null;
  const parts: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = end;
    end += message.readUInt32BE(overheadBytes(index));
    parts.push(message.subarray(start, end));
  }
  if (end !== message.length) return null;
  try {
    return parts.map(decodeCommit);
  } catch {
    return null; // a hint that cannot be read says no less than a lost one: the head stays
  }
}
