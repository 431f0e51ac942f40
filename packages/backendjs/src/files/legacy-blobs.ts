import { createHash } from 'node:crypto';
import { type BlobStore, blobKeyPart, type OpenBlob } from '@backside/media';
import { isUnclear } from '../rows/is-unclear.js';

const MAX_PART = 200;

/** Names of a blob from the outside in: any texts. */
export type BlobName = readonly string[];

export interface NewBlob {
  readonly name: BlobName;
  readonly bytes: Uint8Array;
  /** A media type. */
  readonly contentType: string;
}

/** The bytes behind legacy rows, in a corner of the blob store that media leaves alone. */
export class LegacyBlobs {
  readonly #store: BlobStore;
  readonly #root: string;

  constructor(store: BlobStore, database: string) {
    this.#store = store;
    this.#root = `${blobKeyPart(database)}/legacy/`;
  }

  /** Atomic and durable, in place of what had the name. */
  async put(name: BlobName, bytes: Uint8Array, contentType: string): Promise<void> {
    await this.#store.put(this.#key(name), once(bytes), { contentType, size: bytes.byteLength });
  }

  /**
   * Stores bytes under a new name, then makes the commit that refers to them, which gives the name that it no longer refers to. If the
   * commit is refused the bytes go, unless it may have been made all the same.
   */
  async swap(blob: NewBlob, commit: () => Promise<BlobName | null>): Promise<void> {
    await this.put(blob.name, blob.bytes, blob.contentType);
    try {
      const before = await commit();
      if (before !== null) await this.remove(before);
    } catch (error) {
      if (!isUnclear(error)) await this.remove(blob.name);
      throw error;
    }
  }

  /** Null if there is none. Else the body is to be read or destroyed. */
  get(name: BlobName): Promise<OpenBlob | null> {
    return this.#store.get(this.#key(name));
  }

  /** No error if there is none. */
  remove(name: BlobName): Promise<void> {
    return this.#store.delete(this.#key(name));
  }

  /** All whose names begin so. */
  async removeAll(name: BlobName): Promise<void> {
    for await (const { key } of this.#store.list(`${this.#key(name)}/`)) await this.#store.delete(key);
  }

  /** The names that begin so; long ones come as they are kept. */
  async *list(name: BlobName): AsyncGenerator<string[]> {
    for await (const { key } of this.#store.list(`${this.#key(name)}/`)) {
      yield key
        .slice(this.#root.length)
        .split('/')
        .map((text) => decodeURIComponent(text));
    }
  }

  #key(name: BlobName): string {
    return this.#root + name.map(part).join('/');
  }
}

/** Long names are known by their hash. */
function part(text: string): string {
  const encoded = blobKeyPart(text);
  return encoded.length <= MAX_PART ? encoded : `~${createHash('sha256').update(text).digest('hex')}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
