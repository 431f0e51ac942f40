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
import { BacksideError } from '@backside/protocol';
import { type Collection, GridFSBucket, MongoClient, ObjectId } from 'mongodb';
import { gridFsError, isDuplicate } from './gridfs-error.js';

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
  /** Tells, by seconds, when the chunk was written. */
  readonly _id: ObjectId;
  readonly files_id: ObjectId;
  readonly n: number;
}

interface FileDocument {
  readonly _id: ObjectId;
  /** When its last byte was written. */
  readonly uploadDate: Date;
}

/** How long a server is looked for, in milliseconds, if the URL does not say. */
const CONNECT_MS = 10_000;

/** Blobs as files of GridFS. Rejects with `unavailable` if the server cannot be reached. */
export async function createGridFsBlobStore(options: GridFsBlobStoreOptions): Promise<BlobStore> {
  const isPatienceSaid = /[?&]serverSelectionTimeoutMS=/i.test(options.url);
  const client = new MongoClient(options.url, isPatienceSaid ? {} : { serverSelectionTimeoutMS: CONNECT_MS });
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
  readonly #files: Collection<FileDocument>;
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
      await this.#assertWhole(file, measured.size);
    } catch (error) {
      await this.#remove(file);
      throw error;
    }
    const { contentType } = options;
    const known = { size: measured.size, modified: this.#now(), etag: measured.digest(), contentType };
    const before = await this.#name(key, { file, ...known }).catch(gridFsError);
    if (before !== null) await this.#remove(before.file);
    return { key, ...known };
  }

  /**
   * Resolves with what had the name before. Of two at the same time each may find nothing and insert; whose place is taken asks again, and
   * finds it.
   */
  #name(key: string, document: Omit<NameDocument, '_id'>): Promise<NameDocument | null> {
    const replace = (): Promise<NameDocument | null> =>
      this.#names.findOneAndReplace({ _id: key }, document, { upsert: true, returnDocument: 'before' });
    return replace().catch((error: unknown) => (isDuplicate(error) ? replace() : Promise.reject(error)));
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

  /** An upload that has stood still for long was swept, and what came after that is no blob. */
  async #assertWhole(file: ObjectId, size: number): Promise<void> {
    if (size === 0) return;
    const first = await this.#chunks.findOne({ files_id: file, n: 0 }, { projection: { _id: 1 } }).catch(gridFsError);
    if (first === null) throw new BacksideError('unavailable', 'the upload stood still for too long');
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

  /** Files without a name, and chunks without a file, to which nothing has come since. */
  async sweep(olderThanMs: number): Promise<number> {
    const time = this.#now() - olderThanMs;
    let swept = 0;
    try {
      for await (const id of this.#begunBefore(time)) {
        if (!(await this.#isNameless(id)) || (await this.#lastWritten(id)) >= time) continue;
        await this.#remove(id);
        swept += 1;
      }
    } catch (error) {
      gridFsError(error);
    }
    return swept;
  }

  /** The ids of files, and of chunks perhaps without a file, that were made before; some of those that stay come twice. */
  async *#begunBefore(time: number): AsyncGenerator<ObjectId, void> {
    const before = ObjectId.createFromTime(Math.max(0, Math.floor(time / 1_000)));
    for await (const { _id } of this.#files.find({ _id: { $lt: before } }, { projection: { _id: 1 } })) yield _id;
    const first = this.#chunks.find({ n: 0, files_id: { $lt: before } }, { projection: { files_id: 1 } });
    for await (const { files_id } of first) yield files_id;
  }

  /**
   * When something last came to a file, in milliseconds since the epoch: the id of a file is as old as the beginning of its upload, which
   * may take any time, but a chunk is written once it is full.
   */
  async #lastWritten(file: ObjectId): Promise<number> {
    const newest = await this.#chunks.findOne({ files_id: file }, { sort: { n: -1 }, projection: { _id: 1 } });
    const whole = await this.#files.findOne({ _id: file }, { projection: { uploadDate: 1 } });
    return Math.max(newest?._id.getTimestamp().getTime() ?? 0, whole?.uploadDate.getTime() ?? 0);
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
