import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareEntries, type KeyValue, type KeyValueEdit, type KeyValueEntry } from '../offline/key-value.js';
import type { Warn } from '../offline/sync-store.js';
import { FileLog } from './file-store-file.js';
import { lockFolder } from './file-store-lock.js';

interface WaitingWrite {
  readonly edits: readonly KeyValueEdit[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Records in one log in a folder. Writes that wait are appended together and synced once, so many small ones at a time cost little
 * more than one.
 */
export class FileStorage implements KeyValue {
  readonly #opened: Promise<{ log: FileLog; unlock: () => Promise<void> }>;
  /** The writes that a later one may still join. */
  #batch: WaitingWrite[] | null = null;
  #last: Promise<unknown>;

  constructor(folder: string, warn: Warn) {
    this.#opened = openFolder(folder, warn);
    this.#last = this.#opened.catch(() => {
      // Every call rejects with it.
    });
  }

  get(key: string): Promise<string | null> {
    return this.#read((log) => log.read(key));
  }

  write(edits: readonly KeyValueEdit[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { edits, resolve, reject };
      if (this.#batch === null) this.#writeSoon([waiting]);
      else this.#batch.push(waiting);
    });
  }

  entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    return this.#read(async (log) => {
      const entries: KeyValueEntry[] = [];
      for (const key of log.keys()) {
        if (!key.startsWith(prefix)) continue;
        entries.push([key, (await log.read(key)) ?? '']);
      }
      return entries.sort(compareEntries);
    });
  }

  async close(): Promise<void> {
    await this.#last;
    const opened = await this.#opened.catch(() => null);
    await opened?.log.close();
    await opened?.unlock();
  }

  #writeSoon(batch: WaitingWrite[]): void {
    this.#batch = batch;
    const written = this.#next((log) => {
      if (this.#batch === batch) this.#batch = null;
      return log.append(batch.flatMap(({ edits }) => edits));
    });
    written.then(
      () => {
        for (const { resolve } of batch) resolve();
      },
      (error: unknown) => {
        if (this.#batch === batch) this.#batch = null;
        for (const { reject } of batch) reject(error);
      },
    );
  }

  /** A write after it does not join those before it. */
  #read<T>(task: (log: FileLog) => Promise<T>): Promise<T> {
    this.#batch = null;
    return this.#next(task);
  }

  #next<T>(task: (log: FileLog) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => task((await this.#opened).log));
    this.#last = result.catch(() => {
      // The caller has the error; the next call runs nevertheless.
    });
    return result;
  }
}

async function openFolder(folder: string, warn: Warn): Promise<{ log: FileLog; unlock: () => Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const unlock = await lockFolder(folder);
  try {
    return { log: await FileLog.open(join(folder, 'store.log'), warn), unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}
