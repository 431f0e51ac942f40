import type { Readable } from 'node:stream';

/** Bytes in order, in pieces of any size. Whoever stops iterating early has released what stood behind them. */
export type ByteSource = AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** A media type; kept as it is. */
  readonly contentType: string;
  /** How many bytes the source has, where that is known: another number is refused with `invalid-data`. */
  readonly size?: number;
}

/** What a listing tells of a blob. */
export interface BlobEntry {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was stored, in milliseconds since the epoch, by the clock of the store. */
  readonly modified: number;
}

export interface BlobInfo extends BlobEntry {
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly etag: string;
  readonly contentType: string;
}

/** Bytes from `start` to `end`, both inclusive, counted from 0. Both lie within the blob. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface OpenBlob {
  /** Of the whole blob, whatever the range. */
  readonly info: BlobInfo;
  readonly body: Readable;
}

/**
 * The port to where large bytes are kept. Keys are checked with `assertBlobKey`; two keys may be such that one is a prefix of the
 * other. Every method rejects with a BacksideError: `invalid-path` for a key that no blob may have, `unavailable` if the store
 * cannot be reached, `internal` for what nobody expected.
 */
export interface BlobStore {
  /**
   * Stores what the source gives, in place of what the key had. Atomic: readers find all of the old blob or all of the new
   * one, also after a crash at any moment; when it has resolved, the blob is durable. If the source throws, nothing has changed
   * and that error is passed on. The source is read no faster than it can be stored.
   */
  put(key: string, source: ByteSource, options: PutOptions): Promise<BlobInfo>;

  /**
   * The blob, or null. The body ends with an error if the store loses it on the way, as it may when the blob is replaced or deleted; a reader that wants no more destroys
   * it. A range beyond the end is refused with `invalid-query`.
   */
  get(key: string, range?: ByteRange): Promise<OpenBlob | null>;

  head(key: string): Promise<BlobInfo | null>;

  /** Resolves whether or not there was such a blob. */
  delete(key: string): Promise<void>;

  /** The blobs whose keys begin with `prefix`, in no particular order. One that is stored or deleted meanwhile may be missing. */
  list(prefix: string): AsyncIterable<BlobEntry>;

  /**
   * Removes what puts left that never came to an end, because their process died, once it is older than `olderThanMs`; resolves with
   * how many.
   */
  sweep(olderThanMs: number): Promise<number>;

  /** Releases connections. Called when no other call is under way. */
  close(): Promise<void>;
}
