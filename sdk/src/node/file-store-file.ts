import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyValueEdit } from '../offline/key-value.js';
import type { Warn } from '../offline/sync-store.js';
import { encodeRecord, LOG_HEADER, readLog, type ValuePlace } from './file-store-log.js';

/** A log is written anew without its dead records once these take more than this and more than half of it. */
const COMPACT_BYTES = 1_000_000;

interface Live {
  readonly place: ValuePlace;
  /** Of the whole record. */
  readonly bytes: number;
}

/** A log file with the places of its live values in memory. Its methods must not overlap. */
export class FileLog {
  readonly #path: string;
  readonly #warn: Warn;
  readonly #live = new Map<string, Live>();
  #handle: FileHandle;
  #end = 0;
  #liveBytes = 0;
  /** Why nothing can be appended any more. */
  #broken: unknown = null;

  private constructor(path: string, handle: FileHandle, warn: Warn) {
    this.#path = path;
    this.#warn = warn;
    this.#handle = handle;
  }

  /** Opens or creates the file. Drops what is behind its last whole record: a write that a crash cut off, or damage. */
  static async open(path: string, warn: Warn): Promise<FileLog> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const { entries, end } = readLog(bytes);
    const log = new FileLog(path, await open(path, bytes.length === 0 ? 'w+' : 'r+'), warn);
    for (const { key, place, bytes: size } of entries) log.#note(key, place, size);
    log.#end = end;
    if (end < bytes.length) warn(`dropped the last ${bytes.length - end} bytes of ${path}, which hold no whole record`);
    await log.#recover(bytes.length);
    return log;
  }

  keys(): Iterable<string> {
    return this.#live.keys();
  }

  async read(key: string): Promise<string | null> {
    const live = this.#live.get(key);
    if (live === undefined) return null;
    const { offset, length } = live.place;
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await this.#handle.read(bytes, 0, length, offset);
    if (bytesRead < length) throw new Error(`${this.#path} is shorter than it was`);
    return bytes.toString();
  }

  /** Appends the edits and syncs. After a failure none of them is there, or the log takes nothing more. */
  async append(edits: readonly KeyValueEdit[]): Promise<void> {
    if (this.#broken !== null) throw new Error(`${this.#path} cannot be written any more`, { cause: this.#broken });
    const records = edits.map(([key, value]) => ({ key, ...encodeRecord(key, value) }));
    try {
      await this.#write(Buffer.concat(records.map(({ record }) => record)));
    } catch (error) {
      await this.#undo();
      throw error;
    }
    for (const { key, record, place } of records) {
      this.#note(key, place && { ...place, offset: this.#end + place.offset }, record.length);
      this.#end += record.length;
    }
    const dead = this.#end - this.#liveBytes;
    if (dead > COMPACT_BYTES && dead > this.#liveBytes) await this.#tryCompact();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #note(key: string, place: ValuePlace | null, bytes: number): void {
    this.#liveBytes -= this.#live.get(key)?.bytes ?? 0;
    this.#live.delete(key);
    if (place === null) return;
    this.#live.set(key, { place, bytes });
    this.#liveBytes += bytes;
  }

  async #recover(size: number): Promise<void> {
    if (this.#end < size) await this.#handle.truncate(this.#end);
    if (this.#end > 0) return;
    const header = Buffer.from(LOG_HEADER);
    await this.#write(header);
    await syncFolder(dirname(this.#path));
    this.#end = header.length;
  }

  async #write(bytes: Buffer): Promise<void> {
    const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length, this.#end);
    if (bytesWritten < bytes.length) throw new Error(`${this.#path} could be written in part only; is the disk full?`);
    await this.#handle.datasync();
  }

  /** What was written in part must not be taken for records later. */
  async #undo(): Promise<void> {
    try {
      await this.#handle.truncate(this.#end);
    } catch (error) {
      this.#broken = error;
    }
  }

  /** What was appended stays so, whatever becomes of this. */
  async #tryCompact(): Promise<void> {
    try {
      await this.#compact();
    } catch (cause) {
      this.#warn(`${this.#path} could not be compacted`, cause);
    }
  }

  /** Writes the live records to a new file and puts that in the place of the old one, which stays until then. */
  async #compact(): Promise<void> {
    const path = `${this.#path}.new`;
    const records: Buffer[] = [Buffer.from(LOG_HEADER)];
    for (const key of this.#live.keys()) records.push(encodeRecord(key, await this.read(key)).record);
    const bytes = Buffer.concat(records);
    const handle = await open(path, 'w+');
    try {
      await handle.writeFile(bytes);
      await handle.datasync();
      await rename(path, this.#path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    const old = this.#handle;
    this.#handle = handle;
    this.#live.clear();
    this.#liveBytes = 0;
    const { entries, end } = readLog(bytes);
    for (const entry of entries) this.#note(entry.key, entry.place, entry.bytes);
    this.#end = end;
    await old.close();
    await syncFolder(dirname(this.#path));
  }
}

/** So that a new name survives a power loss. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
