import { Readable } from 'node:stream';
import {
  assertBlobKey,
  assertRange,
  type BlobEntry,
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  type ByteSource,
  MeasuredSource,
  type OpenBlob,
  type PutOptions,
} from '@backside/media';
import { type Collection, GridFSBucket, MongoClient, ObjectId } from 'mongodb';
import { gridFsError } from './gridfs-error.js';

export interface GridFsBlobStoreOptions {
  readonly url: string;
  readonly mongoDatabase: string;
  /** Prefix of the names of the two collections. */
  readonly bucket: string;
  /** Milliseconds since the epoch. Default the clock of the machine. */
  readonly now?: () => number;
}

/** Which file is the blob of a key, and what is known of it. */
interface NameDocument {
  /** The key. */
  readonly _id: string;
  readonly file: ObjectId;
  readonly size: number;
  readonly modified: number;
  readonly etag: string;
  readonly contentType: string;
}

interface ChunkDocument {
  readonly files_id: ObjectId;
}

const CONNECT_MS = 10_000;

/** Blobs as files of GridFS. Rejects with `unavailable` if the server cannot be reached. */
export async function createGridFsBlobStore(options: GridFsBlobStoreOptions): Promise<BlobStore> {
  const client = new MongoClient(options.url, { serverSelectionTimeoutMS: CONNECT_MS });
  try {
    await client.connect();
    const store = new GridFsBlobStore(client, options);
    await store.open();
    return store;
  } catch (error) {
    await client.close();
    gridFsError(error);
  }
}

/**
 * Bytes are files of GridFS; which of them is the blob of a key stands in a collection of names beside it, and changes in one step that
 * also tells which file was it before.
 */
class GridFsBlobStore implements BlobStore {
  readonly #client: MongoClient;
  readonly #bucket: GridFSBucket;
  readonly #names: Collection<NameDocument>;
  readonly #files: Collection;
  readonly #chunks: Collection<ChunkDocument>;
  readonly #now: () => number;

  constructor(client: MongoClient, { mongoDatabase, bucket, now = Date.now }: GridFsBlobStoreOptions) {
    const database = client.db(mongoDatabase, { writeConcern: { w: 'majority' } });
    this.#client = client;
    this.#bucket = new GridFSBucket(database, { bucketName: bucket });
    this.#names = database.collection(`${bucket}.names`);
    this.#files = database.collection(`${bucket}.files`);
    this.#chunks = database.collection(`${bucket}.chunks`);
    this.#now = now;
  }

  async open(): Promise<void> {
    await this.#names.createIndex({ file: 1 });
    await this.#chunks.createIndex({ files_id: 1, n: 1 }, { unique: true });
  }

  async put(key: string, source: ByteSource, options: PutOptions): Promise<BlobInfo> {
    assertBlobKey(key);
    const measured = new MeasuredSource(source, options);
    const file = new ObjectId();
    try {
      await this.#write(file, key, measured.pieces());
    } catch (error) {
      await this.#remove(file);
      throw error;
    }
    const { contentType } = options;
    const known = { size: measured.size, modified: this.#now(), etag: measured.digest(), contentType };
    const before = await this.#names
      .findOneAndReplace({ _id: key }, { file, ...known }, { upsert: true, returnDocument: 'before' })
      .catch(gridFsError);
    if (before !== null) await this.#remove(before.file);
    return { key, ...known };
  }

  /** Passes on what the source throws, and names what GridFS does. */
  async #write(id: ObjectId, key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = this.#bucket.openUploadStreamWithId(id, key);
    const failed = new Promise<never>((_, reject) => stream.once('error', reject));
    failed.catch(() => undefined);
    const done = new Promise<void>((resolve) => stream.once('finish', () => resolve()));
    try {
      for await (const piece of pieces) {
        if (stream.write(piece)) continue;
        await Promise.race([new Promise<void>((resolve) => stream.once('drain', () => resolve())), failed]).catch(
          gridFsError,
        );
      }
    } catch (error) {
      stream.destroy();
      throw error;
    }
    stream.end();
    await Promise.race([done, failed]).catch(gridFsError);
  }

  /** First the file, then its chunks: a reader finds all of a file, or fails. */
  async #remove(id: ObjectId): Promise<void> {
    await this.#files.deleteOne({ _id: id }).catch(gridFsError);
    await this.#chunks.deleteMany({ files_id: id }).catch(gridFsError);
  }

  async get(key: string, range?: ByteRange): Promise<OpenBlob | null> {
    const name = await this.#find(key);
    if (name === null) return null;
    const info = describe(name);
    if (range !== undefined) assertRange(range, info.size);
    if (info.size === 0) return { info, body: Readable.from([]) };
    const { start, end } = range ?? { start: 0, end: info.size - 1 };
    return { info, body: this.#bucket.openDownloadStream(name.file, { start, end: end + 1 }) };
  }

  async head(key: string): Promise<BlobInfo | null> {
    const name = await this.#find(key);
    return name === null ? null : describe(name);
  }

  async delete(key: string): Promise<void> {
    assertBlobKey(key);
    const name = await this.#names.findOneAndDelete({ _id: key }).catch(gridFsError);
    if (name !== null) await this.#remove(name.file);
  }

  async *list(prefix: string): AsyncGenerator<BlobEntry, void> {
    const found = this.#names.find(prefix === '' ? {} : { _id: { $gte: prefix, $lt: after(prefix) } });
    try {
      for await (const { _id: key, size, modified } of found) yield { key, size, modified };
    } catch (error) {
      gridFsError(error);
    }
  }

  /** Files without a name, and chunks without a file, that were begun before: their ids tell when. */
  async sweep(olderThanMs: number): Promise<number> {
    const before = ObjectId.createFromTime(Math.max(0, Math.floor((this.#now() - olderThanMs) / 1_000)));
    const begun = new Map<string, ObjectId>();
    try {
      for await (const { _id } of this.#files.find({ _id: { $lt: before } }, { projection: { _id: 1 } })) {
        if (await this.#isNameless(_id)) begun.set(_id.toHexString(), _id);
      }
      const first = this.#chunks.find({ n: 0, files_id: { $lt: before } }, { projection: { files_id: 1 } });
      for await (const { files_id } of first) {
        if (await this.#isNameless(files_id)) begun.set(files_id.toHexString(), files_id);
      }
    } catch (error) {
      gridFsError(error);
    }
    for (const id of begun.values()) await this.#remove(id);
    return begun.size;
  }

  async #isNameless(file: ObjectId): Promise<boolean> {
    return (await this.#names.findOne({ file }, { projection: { _id: 1 } })) === null;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #find(key: string): Promise<NameDocument | null> {
    assertBlobKey(key);
    return this.#names.findOne({ _id: key }).catch(gridFsError);
  }
}

function describe({ _id: key, size, modified, etag, contentType }: NameDocument): BlobInfo {
  return { key, size, modified, etag, contentType };
}

/** The first text behind all that begin with `prefix`. */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
