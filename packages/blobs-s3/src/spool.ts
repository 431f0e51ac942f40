import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ByteSource } from '@backside/media';

/** What is kept in memory; the rest goes to a file. */
const MAX_MEMORY_BYTES = 4 * 1024 * 1024;

/** Bytes that wait, in memory or in a file without a name, which is gone with the process. */
export interface Spool {
  readonly body: Buffer | Readable;
  dispose(): Promise<void>;
}

/** Takes all of a source in. If that throws nothing is left. */
export async function spool(source: ByteSource): Promise<Spool> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let file: FileHandle | null = null;
  try {
    for await (const piece of source) {
      size += piece.byteLength;
      if (file !== null) await file.appendFile(piece);
      else pieces.push(piece);
      if (file === null && size > MAX_MEMORY_BYTES) {
        file = await openNameless();
        await file.appendFile(Buffer.concat(pieces.splice(0)));
      }
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return file === null ? inMemory(Buffer.concat(pieces)) : inFile(file, size);
}

async function openNameless(): Promise<FileHandle> {
  const name = join(tmpdir(), `backside-s3-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await unlink(name);
  return file;
}

function inMemory(body: Buffer): Spool {
  return { body, dispose: async () => {} };
}

function inFile(file: FileHandle, size: number): Spool {
  return { body: Readable.from(readPieces(file, size)), dispose: () => file.close() };
}

async function* readPieces(file: FileHandle, size: number): AsyncGenerator<Buffer, void> {
  for (let position = 0; position < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(1024 * 1024, size - position)), { position });
    if (bytesRead === 0) throw new Error('a spooled file has become shorter');
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
