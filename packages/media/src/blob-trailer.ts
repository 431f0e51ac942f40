/**
 * What stands behind the bytes of a blob in its file: always `TRAILER_BYTES` long, so that the size of the blob follows from the size of
 * the file. JSON, padded with spaces, then a mark by which a file that is none of ours is told.
 */
export const TRAILER_BYTES = 512;

const MARK = Buffer.from('\nBLOB/1\n');

export interface Trailer {
  /** SHA-256, hex. */
  readonly etag: string;
  readonly contentType: string;
}

export function encodeTrailer({ etag, contentType }: Trailer): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES, ' ');
  trailer.write(JSON.stringify({ etag, contentType }));
  MARK.copy(trailer, TRAILER_BYTES - MARK.length);
  return trailer;
}

/** Null if these bytes are not what `encodeTrailer` makes. */
export function decodeTrailer(bytes: Buffer): Trailer | null {
  if (bytes.length !== TRAILER_BYTES || !bytes.subarray(-MARK.length).equals(MARK)) return null;
  const text = bytes.toString('utf8', 0, TRAILER_BYTES - MARK.length);
  try {
    const { etag, contentType } = JSON.parse(text) as Partial<Trailer>;
    return typeof etag === 'string' && typeof contentType === 'string' ? { etag, contentType } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
