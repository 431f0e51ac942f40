import { buffer } from 'node:stream/consumers';
import { BacksideError } from '@backside/protocol';
import { formatPath, type Path, parsePath } from '@backside/tree';
import type { ByteSource } from './blob-store.js';
import { sourceOf } from './byte-source.js';
import type { MediaContext } from './media-context.js';

/** A resumable upload, as it was announced. */
export interface UploadRecord {
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** What the client said of it, as the protocol has it. */
  readonly metadata: Readonly<Record<string, string | null>>;
  readonly path: Path;
  /** Who announced it, see `authorOf`. */
  readonly author: string | null;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Whether the file has been described in the tree, and its parts are gone. */
  readonly finished: boolean;
}

/** Bytes of one part of an upload: what is lost at most when the process dies. */
const PART_BYTES = 8 * 1024 * 1024;
const OFFSET_DIGITS = 16;
const JSON_TYPE = { contentType: 'application/json' };
const BYTES_TYPE = { contentType: 'application/octet-stream' };

/**
 * Resumable uploads as blobs: a record, and parts that are named by where they begin. What has arrived is the chain of parts from 0 on
 * without a gap, so that whatever two nodes or a crash leave, the offset is true.
 */
export class UploadRecords {
  readonly #context: MediaContext;

  constructor(context: MediaContext) {
    this.#context = context;
  }

  async save(record: UploadRecord): Promise<void> {
    const text = JSON.stringify({ ...record, path: formatPath(record.path) });
    await this.#context.blobs.put(this.#recordKey(record.id), sourceOf(Buffer.from(text)), JSON_TYPE);
  }

  async find(id: string): Promise<UploadRecord | null> {
    const opened = await this.#context.blobs.get(this.#recordKey(id));
    if (opened === null) return null;
    const stored = JSON.parse((await buffer(opened.body)).toString()) as UploadRecord & { readonly path: string };
    return { ...stored, path: parsePath(stored.path) };
  }

  /** How many bytes have arrived. */
  async offset(id: string): Promise<number> {
    return (await this.#parts(id)).reduce((_, { end }) => end, 0);
  }

  /**
   * Appends what the source gives, in parts; resolves with the new offset. If the source throws, what it gave before is kept, and the
   * error is passed on.
   */
  async append(id: string, offset: number, source: ByteSource): Promise<number> {
    const iterator = source[Symbol.asyncIterator]();
    const state: Intake = { next: await iterator.next(), failure: null };
    let end = offset;
    try {
      while (state.next.done !== true) {
        const part = takePart(iterator, state);
        const { size } = await this.#context.blobs.put(this.#partKey(id, end), part, BYTES_TYPE);
        end += size;
      }
    } finally {
      await iterator.return?.();
    }
    if (state.failure !== null) throw state.failure.error;
    return end;
  }

  /** All bytes in order. */
  async *bytes(id: string): AsyncGenerator<Uint8Array, void> {
    for (const { key } of await this.#parts(id)) {
      const opened = await this.#context.blobs.get(key);
      if (opened === null) throw new BacksideError('not-found', 'a part of the upload is gone');
      yield* opened.body as ByteSource;
    }
  }

  /** Forgets the bytes, which stand elsewhere now. */
  async finish(record: UploadRecord): Promise<void> {
    await this.save({ ...record, finished: true });
    for (const { key } of await this.#parts(record.id)) await this.#context.blobs.delete(key);
  }

  async remove(id: string): Promise<void> {
    const { blobs, keys } = this.#context;
    for await (const { key } of blobs.list(keys.uploads(id))) await blobs.delete(key);
  }

  /** Removes the uploads whose time is over; resolves with how many. */
  async removeExpired(): Promise<number> {
    const { blobs, keys, limits, now } = this.#context;
    const ids = new Set<string>();
    const oldest = now() - limits.uploadExpiryMs;
    for await (const { key, modified } of blobs.list(keys.uploads())) {
      if (modified < oldest) ids.add(key.slice(keys.uploads().length).split('/', 1)[0]!);
    }
    let removed = 0;
    for (const id of ids) {
      const record = await this.find(id);
      if (record !== null && record.created >= oldest) continue;
      await this.remove(id);
      removed++;
    }
    return removed;
  }

  async #parts(id: string): Promise<{ key: string; end: number }[]> {
    const prefix = `${this.#context.keys.uploads(id)}part-`;
    const sizes = new Map<number, { key: string; size: number }>();
    for await (const { key, size } of this.#context.blobs.list(prefix)) {
      sizes.set(Number(key.slice(prefix.length)), { key, size });
    }
    const chain: { key: string; end: number }[] = [];
    let end = 0;
    for (let part = sizes.get(0); part !== undefined && part.size > 0; part = sizes.get(end)) {
      end += part.size;
      chain.push({ key: part.key, end });
    }
    return chain;
  }

  #recordKey(id: string): string {
    return `${this.#context.keys.uploads(id)}record`;
  }

  #partKey(id: string, offset: number): string {
    return `${this.#context.keys.uploads(id)}part-${String(offset).padStart(OFFSET_DIGITS, '0')}`;
  }
}

/** The piece that comes next, and why there is none if the source failed. */
interface Intake {
  next: IteratorResult<Uint8Array, unknown>;
  failure: { readonly error: unknown } | null;
}

/** Pieces for one part. It ends where the source fails as it would where the source ends. */
async function* takePart(source: AsyncIterator<Uint8Array>, state: Intake): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  while (state.next.done !== true && size < PART_BYTES) {
    const piece = state.next.value;
    size += piece.byteLength;
    yield piece;
    try {
      state.next = await source.next();
    } catch (error) {
      state.failure = { error };
      state.next = { done: true, value: undefined };
    }
  }
}
