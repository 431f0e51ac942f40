import type { Readable } from 'node:stream';
import { authorOf, BacksideError } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { DataStore, Upload } from '@tus/server';
import type { ByteSource } from './blob-store.js';
import { sentBy } from './byte-source.js';
import type { MediaContext } from './media-context.js';
import type { UploadRecord, UploadRecords } from './upload-records.js';
import type { Uploader } from './uploader.js';

/** The uploads, as the library wants to see them. */
export class TusStore extends DataStore {
  override extensions: string[] = ['creation', 'creation-with-upload', 'termination', 'expiration'];
  readonly #records: UploadRecords;
  readonly #context: MediaContext;
  readonly #uploader: () => Uploader;

  /** @param uploader who sent the request that is being answered. */
  constructor(parts: { readonly records: UploadRecords; readonly context: MediaContext }, uploader: () => Uploader) {
    super();
    this.#records = parts.records;
    this.#context = parts.context;
    this.#uploader = uploader;
  }

  override async create(upload: Upload): Promise<Upload> {
    const { id, size = 0, metadata = {} } = upload;
    const created = this.#context.now();
    const path = parsePath(metadata.path ?? '');
    const author = authorOf(this.#uploader().current());
    await this.#records.save({ id, size, metadata, path, author, created, finished: false });
    upload.creation_date = new Date(created).toISOString();
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const record = await this.#record(id);
    const { size, metadata, created, finished } = record;
    const offset = finished ? size : await this.#records.offset(id);
    const creation_date = new Date(created).toISOString();
    return new Upload({ id, size, offset, metadata: { ...metadata }, creation_date });
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    await this.#record(id);
    // Left open until what has come is kept: the library takes a stream that closes before that for a request that was given up.
    const pieces = stream.iterator({ destroyOnReturn: false }) as ByteSource;
    return this.#records.append(id, offset, sentBy(this.#uploader(), pieces));
  }

  override remove(id: string): Promise<void> {
    return this.#records.remove(id);
  }

  override deleteExpired(): Promise<number> {
    return this.#records.removeExpired();
  }

  override getExpiration(): number {
    return this.#context.limits.uploadExpiryMs;
  }

  async #record(id: string): Promise<UploadRecord> {
    const record = await this.#records.find(id);
    if (record === null) throw new BacksideError('not-found', 'there is no such upload');
    return record;
  }
}
