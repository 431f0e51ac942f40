import { createHash } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import type { ByteSource, PutOptions } from './blob-store.js';

const CONTENT_TYPE = /^[\x20-\x7e]{1,200}$/;

/** Hands the pieces of a source on, counting and hashing them; what stores blobs asks for the result at the end. */
export class MeasuredSource {
  readonly #source: ByteSource;
  readonly #options: PutOptions;
  readonly #hash = createHash('sha256');
  #size = 0;

  /** Throws `invalid-data` for a content type that cannot stand in a header. */
  constructor(source: ByteSource, options: PutOptions) {
    if (!CONTENT_TYPE.test(options.contentType)) throw new BacksideError('invalid-data', 'this is no content type');
    this.#source = source;
    this.#options = options;
  }

  /** Throws what the source throws, and `invalid-data` once it has given more or fewer bytes than was said. */
  async *pieces(): AsyncGenerator<Uint8Array, void> {
    const { size } = this.#options;
    for await (const piece of this.#source) {
      this.#size += piece.byteLength;
      if (size !== undefined && this.#size > size) throw wrongSize(size);
      this.#hash.update(piece);
      yield piece;
    }
    if (size !== undefined && this.#size !== size) throw wrongSize(size);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** SHA-256 of all bytes, hex. To be asked for once, at the end. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

function wrongSize(size: number): BacksideError {
  return new BacksideError('invalid-data', `there were not ${size} bytes, as announced`);
}
