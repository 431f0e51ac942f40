import { BacksideError } from '@backside/protocol';
import type { Binary } from 'mongodb';

/** The version of everything that this package stores. A reader refuses what is newer than it knows. */
export const FORMAT = 1;

/** The oldest version of Backside that reads what this one writes; told to older ones that refuse it. */
export const MIN_READER = '0.1.0';

/** Bytes of one document or part at most: half of what a server takes, since some of them need twice the room. */
export const MAX_PART_BYTES: number = 8 * 1024 * 1024;

/** What every stored document says about who can read it. */
export interface Versioned {
  readonly v: number;
  readonly minReader: string;
}

/** What a document carries: within itself, or in parts of their own if it is large. */
export interface StoredPayload {
  readonly packed?: Binary;
  /** Random; names the parts, and tells who stored the document. */
  readonly payloadId: string;
  /** How many parts there are; 0 if `packed` is it. */
  readonly parts: number;
}

/** One append: all commits that waited together. `_id` is made of the database and the first revision, so its order is theirs. */
export interface JournalDocument extends Versioned, StoredPayload {
  readonly _id: string;
  readonly last: number;
  readonly bytes: number;
  /** Bytes of this and all documents before it, trimmed ones included. */
  readonly total: number;
  readonly lengths: readonly number[];
  readonly node: string;
  /** Milliseconds since the epoch at the node that stored it. */
  readonly time: number;
  /** The history that it belongs to; earlier versions did not say. */
  readonly epoch?: string;
}

/** A piece of a large payload. It means nothing until a document names it. */
export interface PartDocument {
  /** `PAYLOAD:NUMBER`. */
  readonly _id: string;
  /** What the payload belongs to, and the revision at which it would take effect: enough to know when nobody needs it. */
  readonly owner: string;
  readonly first: number;
  readonly bytes: Binary;
}

/** One per database: the identity of its history, and what of it is gone. */
export interface HistoryDocument extends Versioned {
  readonly _id: string;
  readonly epoch: string;
  /** The lowest revision that is still kept. Raised before anything is deleted. */
  readonly first: number;
}

/** Revisions have at most 16 digits, being safe integers. */
const REVISION_DIGITS = 16;

/** `DATABASE:0000000000000042`. */
export function revisionId(database: string, revision: number): string {
  return `${database}:${String(revision).padStart(REVISION_DIGITS, '0')}`;
}

export function revisionOf(id: string): number {
  return Number(id.slice(-REVISION_DIGITS));
}

/** Everything that `revisionId` makes for the database is from `[0]` up to, without it, `[1]`. */
export function idRange(database: string): readonly [string, string] {
  return [`${database}:`, `${database};`];
}

/** A colon would let the ids of one database look like those of another. */
export function assertDatabaseName(database: string): void {
  if (/^[^:;/\s]{1,200}$/.test(database)) return;
  throw new BacksideError('internal', `${JSON.stringify(database)} cannot name a database`);
}

/** Throws `internal`, naming the version it takes, if a newer version wrote this in a way that this one does not know. */
export function assertReadable(stored: Versioned, what: string): void {
  if (stored.v <= FORMAT) return;
  const message = `${what} has format ${stored.v}; this version reads up to ${FORMAT}: ${stored.minReader} or later is needed`;
  throw new BacksideError('internal', message);
}
