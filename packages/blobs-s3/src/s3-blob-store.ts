import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListPartsCommandInput,
  PutObjectCommand,
  paginateListObjectsV2,
  paginateListParts,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
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
import { cutTo, parseContentRange } from './content-range.js';
import { isMissing, isUnknown, s3Error } from './s3-error.js';
import { spool } from './spool.js';

export interface S3BlobStoreOptions {
  /** Of a server that speaks like S3; AWS itself without one. */
  readonly endpoint?: string;
  /** Must be there; used by this installation alone. */
  readonly bucket: string;
  readonly region: string;
  /** Default: as the environment of the process has them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Milliseconds since the epoch. Default the clock of the machine. */
  readonly now?: () => number;
}

/** Name of the metadata that holds the SHA-256 of the bytes: an ETag of S3 is none for large objects. */
const HASH = 'sha256';

/** Blobs as objects of a bucket. Rejects with `unavailable` if the bucket cannot be reached, `not-found` if there is none. */
export async function createS3BlobStore(options: S3BlobStoreOptions): Promise<BlobStore> {
  const store = new S3BlobStore(options);
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/**
 * An object appears whole once its last byte has been acknowledged. Since what is known of it goes before it, bytes are taken in
 * first, beyond a few megabytes into a nameless file of this machine.
 */
class S3BlobStore implements BlobStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #now: () => number;

  constructor({ endpoint, region, credentials, bucket, now = Date.now }: S3BlobStoreOptions) {
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(credentials !== undefined && { credentials }),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    this.#bucket = bucket;
    this.#now = now;
  }

  async open(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
    } catch (error) {
      if (isMissing(error))
        throw new BacksideError('not-found', `there is no bucket "${this.#bucket}"`, { cause: error });
      s3Error(error);
    }
  }

  async put(key: string, source: ByteSource, options: PutOptions): Promise<BlobInfo> {
    const place = this.#place(key);
    const measured = new MeasuredSource(source, options);
    const { body, dispose } = await spool(measured.pieces());
    const etag = measured.digest();
    const { contentType } = options;
    const object = { ...place, Body: body, ContentType: contentType, Metadata: { [HASH]: etag } };
    try {
      if (Buffer.isBuffer(body)) await this.#client.send(new PutObjectCommand(object));
      else await new Upload({ client: this.#client, params: object, queueSize: 2, partSize: 8 * 1024 * 1024 }).done();
    } catch (error) {
      s3Error(error);
    } finally {
      await dispose();
    }
    return { key, size: measured.size, modified: this.#now(), etag, contentType };
  }

  async get(key: string, range?: ByteRange): Promise<OpenBlob | null> {
    const place = this.#place(key);
    if (range !== undefined) assertRange(range, Number.POSITIVE_INFINITY);
    const part = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    try {
      const answer = await this.#client.send(new GetObjectCommand({ ...place, ...part }));
      return opened(key, range, answer);
    } catch (error) {
      return isMissing(error) ? null : s3Error(error);
    }
  }

  async head(key: string): Promise<BlobInfo | null> {
    const place = this.#place(key);
    try {
      const answer = await this.#client.send(new HeadObjectCommand(place));
      return describe(key, answer, answer.ContentLength ?? 0);
    } catch (error) {
      return isMissing(error) ? null : s3Error(error);
    }
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#place(key))).catch(s3Error);
  }

  async *list(prefix: string): AsyncGenerator<BlobEntry, void> {
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key, Size = 0, LastModified } of Contents) {
          if (Key !== undefined) yield { key: Key, size: Size, modified: LastModified?.getTime() ?? this.#now() };
        }
      }
    } catch (error) {
      s3Error(error);
    }
  }

  async sweep(olderThanMs: number): Promise<number> {
    const before = this.#now() - olderThanMs;
    let swept = 0;
    try {
      const { Uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket }));
      for (const { Key, UploadId, Initiated } of Uploads) {
        const upload = { Bucket: this.#bucket, Key, UploadId };
        if (Initiated === undefined || Initiated.getTime() >= before) continue;
        if ((await this.#lastPart(upload)) >= before) continue;
        await this.#client.send(new AbortMultipartUploadCommand(upload));
        swept++;
      }
    } catch (error) {
      if (!isUnknown(error)) s3Error(error);
    }
    return swept;
  }

  /** When the newest part of an upload came, in milliseconds since the epoch; 0 if none did. An upload may take any time, as long as it comes on. */
  async #lastPart(upload: ListPartsCommandInput): Promise<number> {
    let newest = 0;
    for await (const { Parts = [] } of paginateListParts({ client: this.#client }, upload)) {
      for (const { LastModified } of Parts) newest = Math.max(newest, LastModified?.getTime() ?? 0);
    }
    return newest;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #place(key: string): { Bucket: string; Key: string } {
    assertBlobKey(key);
    return { Bucket: this.#bucket, Key: key };
  }
}

interface Answer {
  readonly Metadata?: Record<string, string> | undefined;
  readonly ContentType?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** What an answer holds. If that is not what was asked for, the connection of its body is given back. */
function opened(key: string, range: ByteRange | undefined, answer: GetObjectCommandOutput): OpenBlob {
  const body = answer.Body as Readable;
  try {
    const { start, size } = parseContentRange(answer.ContentRange, answer.ContentLength);
    const info = describe(key, answer, size);
    if (range === undefined) return { info, body };
    assertRange(range, size);
    return { info, body: cutTo(range, body, start) };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function describe(key: string, { Metadata, ContentType, LastModified }: Answer, size: number): BlobInfo {
  const etag = Metadata?.[HASH];
  if (etag === undefined) throw new BacksideError('internal', 'an object among the blobs is none');
  return { key, size, etag, contentType: ContentType ?? '', modified: LastModified?.getTime() ?? 0 };
}
