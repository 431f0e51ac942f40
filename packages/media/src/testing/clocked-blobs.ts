import type { BlobEntry, BlobInfo, BlobStore, ByteRange, ByteSource, OpenBlob, PutOptions } from '../blob-store.js';

/** A blob store whose listings go by the clock of a test instead of that of the machine. */
export class ClockedBlobs implements BlobStore {
  readonly #store: BlobStore;
  readonly #now: () => number;
  readonly #modified = new Map<string, number>();

  constructor(store: BlobStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  put(key: string, source: ByteSource, options: PutOptions): Promise<BlobInfo> {
    const dated = async function* (this: ClockedBlobs): AsyncGenerator<Uint8Array, void> {
      yield* source;
      this.#modified.set(key, this.#now());
    };
    return this.#store.put(key, dated.call(this), options);
  }

  get(key: string, range?: ByteRange): Promise<OpenBlob | null> {
    return this.#store.get(key, range);
  }

  head(key: string): Promise<BlobInfo | null> {
    return this.#store.head(key);
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<BlobEntry, void> {
    for await (const entry of this.#store.list(prefix)) {
      yield { ...entry, modified: this.#modified.get(entry.key) ?? entry.modified };
    }
  }

  sweep(olderThanMs: number): Promise<number> {
    return this.#store.sweep(olderThanMs);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
