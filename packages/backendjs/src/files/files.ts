import { randomUUID } from 'node:crypto';
import type { Media, OpenBlob } from '@backside/media';
import type { Json, Path } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { LegacyError } from '../http/legacy-error.js';
import { encodeKey } from '../rows/encode-key.js';
import { databaseRowStore, type RowStore } from '../rows/row-store.js';
import { untilUndisturbed } from '../rows/rows.js';
import type { Viewer } from '../rows/visibility.js';
import { contentTypeOf } from './content-type.js';
import type { FileName } from './file-name.js';
import { type BlobName, LegacyBlobs } from './legacy-blobs.js';

/** Rows that one commit removes of an account that goes. */
const BATCH = 200;

/** What the tree says of a file. */
interface FileRow {
  /** Whose it is. */
  readonly owner: string;
  /** Names the bytes, together with the owner and the file's name. */
  readonly blob: string;
}

/** Files that accounts share: everybody with an account reads them, who put one there, and admins, may replace and remove it. */
export class Files {
  readonly #now: () => number;
  readonly #blobs: LegacyBlobs;
  readonly #store: RowStore;

  constructor({ database, now }: Pick<BackendjsContext, 'database' | 'now'>, media: Media) {
    this.#now = now;
    this.#blobs = new LegacyBlobs(media.blobs, database.name);
    this.#store = databaseRowStore(database);
  }

  /** Null if there is none. */
  async open(file: FileName): Promise<OpenBlob | null> {
    const row = this.#read(file);
    const found = row === null ? null : await this.#blobs.get(blobName(file, row));
    if (row === null || found !== null) return found;
    const now = this.#read(file);
    return now === null || now.blob === row.blob ? null : this.#blobs.get(blobName(file, now));
  }

  /** Stores the file with its row, in place of what has the name. Throws 403 if that is somebody else's. */
  async put(file: FileName, bytes: Uint8Array, by: Viewer & { readonly id: string }): Promise<void> {
    const type = contentTypeOf(file.name);
    const row = { owner: by.id, blob: randomUUID().replaceAll('-', '') };
    const columns = { ...row, type, size: bytes.byteLength, mtime: this.#now() };
    await this.#blobs.swap({ name: blobName(file, row), bytes, contentType: type }, () =>
      this.#replace(file, columns, by),
    );
  }

  /** Throws 404 if there is none, 403 if it is somebody else's. */
  async remove(file: FileName, by: Viewer): Promise<void> {
    const gone = await this.#replace(file, null, by);
    if (gone === null) throw new LegacyError(404, 'no such file');
    await this.#blobs.remove(gone);
  }

  /** Removes all files of an account: rows some at a time, then the bytes. What is somebody else's by now stays. */
  async removeAll(owner: string): Promise<void> {
    let batch: FileName[] = [];
    for await (const [, , prefix, name] of this.#blobs.list(['files', owner])) {
      if (prefix !== undefined && name !== undefined) batch.push({ prefix, name });
      if (batch.length < BATCH) continue;
      await this.#removeRows(batch, owner);
      batch = [];
    }
    await this.#removeRows(batch, owner);
    await this.#blobs.removeAll(['files', owner]);
  }

  #removeRows(files: readonly FileName[], owner: string): Promise<void> {
    return untilUndisturbed(async () => {
      const standing = files.map((file) => ({ path: rowPath(file), value: this.#store.read(rowPath(file)) }));
      const own = standing.filter(({ value }) => fileRow(value)?.owner === owner);
      if (own.length === 0) return;
      await this.#store.write(
        own.map(({ path }) => ({ method: 'remove', path })),
        own,
      );
    });
  }

  #read(file: FileName): FileRow | null {
    return fileRow(this.#store.read(rowPath(file)));
  }

  /** Writes the row, null removes it, and gives the name of the bytes that it had. */
  #replace(file: FileName, columns: Json, by: Viewer): Promise<BlobName | null> {
    return untilUndisturbed(async () => {
      const path = rowPath(file);
      const value = this.#store.read(path);
      const row = fileRow(value);
      if (row !== null && row.owner !== by.id && !by.isAdmin) throw new LegacyError(403, 'Access denied');
      if (row === null && columns === null) return null;
      await this.#store.write([{ method: 'set', path, value: columns }], [{ path, value }]);
      return row === null ? null : blobName(file, row);
    });
  }
}

function rowPath({ prefix, name }: FileName): Path {
  return ['files', encodeKey(prefix), encodeKey(name)];
}

/** A row that anybody with the right may have written; null if it is none. */
function fileRow(value: Json): FileRow | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const { owner, blob } = value;
  return typeof owner === 'string' && typeof blob === 'string' ? { owner, blob } : null;
}

function blobName({ prefix, name }: FileName, { owner, blob }: FileRow): BlobName {
  return ['files', owner, prefix, name, blob];
}
