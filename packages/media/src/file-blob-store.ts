import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { BacksideError } from '@backside/protocol';
import { filesWithPrefix, keyFile, removeEmptyFolders, removeOldFiles, syncFolders } from './blob-folder.js';
import { assertBlobKey } from './blob-key.js';
import { assertRange } from './blob-range.js';
import type { BlobEntry, BlobInfo, BlobStore, ByteRange, ByteSource, OpenBlob, PutOptions } from './blob-store.js';
import { decodeTrailer, encodeTrailer, TRAILER_BYTES } from './blob-trailer.js';
import { codeOf, diskError } from './disk-error.js';
import { MeasuredSource } from './measured-source.js';

export interface FileBlobStoreOptions {
  /** Made if it is missing. May be shared by processes of one machine. */
  readonly directory: string;
  /** Milliseconds since the epoch; compared with the times of files. */
  readonly now: () => number;
}

/** How often a folder may vanish, because its last blob was deleted, before a new blob comes to stand in it. */
const MAX_PLACINGS = 10;

/**
 * Blobs as files. Each is written under another name, made durable, and only then given its own, so that a crash at any moment leaves
 * the old blob or the new one; what it leaves of the other name, `sweep` removes.
 */
export async function createFileBlobStore({ directory, now }: FileBlobStoreOptions): Promise<BlobStore> {
  const store = new FileBlobStore(directory, now);
  await store.open();
  return store;
}

class FileBlobStore implements BlobStore {
  readonly #blobs: string;
  readonly #unfinished: string;
  readonly #now: () => number;

  constructor(directory: string, now: () => number) {
    this.#blobs = join(directory, 'blobs');
    this.#unfinished = join(directory, 'unfinished');
    this.#now = now;
  }

  async open(): Promise<void> {
    await mkdir(this.#blobs, { recursive: true }).catch(diskError);
    await mkdir(this.#unfinished, { recursive: true }).catch(diskError);
  }

  async put(key: string, source: ByteSource, options: PutOptions): Promise<BlobInfo> {
    const file = this.#fileOf(key);
    const measured = new MeasuredSource(source, options);
    const unfinished = join(this.#unfinished, randomBytes(16).toString('hex'));
    try {
      const handle = await open(unfinished, 'wx', 0o600).catch(diskError);
      const written = await writeAll(handle, measured, options.contentType);
      await this.#place(unfinished, file).catch(diskError);
      return { key, ...written };
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async #place(unfinished: string, file: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(file), { recursive: true });
      try {
        await rename(unfinished, file);
        break;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === MAX_PLACINGS) throw error;
      }
    }
    await syncFolders(dirname(file), this.#blobs);
  }

  async get(key: string, range?: ByteRange): Promise<OpenBlob | null> {
    const handle = await this.#open(key);
    if (handle === null) return null;
    try {
      const info = await readInfo(handle, key);
      if (range !== undefined) assertRange(range, info.size);
      const { start, end } = range ?? { start: 0, end: info.size - 1 };
      if (start <= end) return { info, body: createReadStream('', { fd: handle, start, end, autoClose: true }) };
      await handle.close();
      return { info, body: Readable.from([]) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async head(key: string): Promise<BlobInfo | null> {
    const handle = await this.#open(key);
    if (handle === null) return null;
    try {
      return await readInfo(handle, key);
    } finally {
      await handle.close();
    }
  }

  async delete(key: string): Promise<void> {
    const file = this.#fileOf(key);
    await rm(file, { force: true }).catch(diskError);
    await removeEmptyFolders(dirname(file), this.#blobs).catch(diskError);
  }

  async *list(prefix: string): AsyncGenerator<BlobEntry, void> {
    for await (const { key, fileBytes, modified } of filesWithPrefix(this.#blobs, prefix)) {
      yield { key, size: fileBytes - TRAILER_BYTES, modified };
    }
  }

  async sweep(olderThanMs: number): Promise<number> {
    return removeOldFiles(this.#unfinished, this.#now() - olderThanMs).catch(diskError);
  }

  async close(): Promise<void> {}

  #fileOf(key: string): string {
    assertBlobKey(key);
    return keyFile(this.#blobs, key);
  }

  async #open(key: string): Promise<FileHandle | null> {
    try {
      return await open(this.#fileOf(key), 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      return diskError(error);
    }
  }
}

/** Writes the bytes and what is known of them, durably, and closes the file. */
async function writeAll(
  handle: FileHandle,
  measured: MeasuredSource,
  contentType: string,
): Promise<Omit<BlobInfo, 'key'>> {
  try {
    for await (const piece of measured.pieces()) await handle.appendFile(piece).catch(diskError);
    const etag = measured.digest();
    await handle.appendFile(encodeTrailer({ etag, contentType })).catch(diskError);
    await handle.sync().catch(diskError);
    const { mtimeMs } = await handle.stat();
    return { size: measured.size, modified: Math.floor(mtimeMs), etag, contentType };
  } finally {
    await handle.close();
  }
}

async function readInfo(handle: FileHandle, key: string): Promise<BlobInfo> {
  const { size, mtimeMs } = await handle.stat().catch(diskError);
  const bytes = Buffer.alloc(TRAILER_BYTES);
  const position = Math.max(0, size - TRAILER_BYTES);
  const { bytesRead } = await handle.read(bytes, 0, TRAILER_BYTES, position).catch(diskError);
  const trailer = decodeTrailer(bytes.subarray(0, bytesRead));
  if (trailer === null) throw new BacksideError('internal', 'a file among the blobs is none');
  return { key, size: size - TRAILER_BYTES, modified: Math.floor(mtimeMs), ...trailer };
}
