import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { BlobIndex, Reference } from './blob-index.js';
import { sourceOf } from './byte-source.js';
import { readMediaNode } from './described-file.js';
import type { CollectReport } from './media.js';
import type { MediaContext } from './media-context.js';
import { BLOB_ID } from './media-node.js';
import type { UploadRecords } from './upload-records.js';

/** Blobs that are looked at before others get their turn. */
const PAGE = 100;

/**
 * Deletes what nothing refers to. The order is what makes it safe: a reference is noted before its node is written and forgotten only
 * when the node has said otherwise for longer than the grace; a blob without references loses its hash in the commit that dooms it, and
 * only then its bytes.
 */
export class Collector {
  readonly #context: MediaContext;
  readonly #index: BlobIndex;
  readonly #records: UploadRecords;
  #underWay: Promise<CollectReport> | null = null;
  #closed = false;
  /** When the store was last looked through, which takes a while. */
  #searched = Number.NEGATIVE_INFINITY;

  constructor(context: MediaContext, records: UploadRecords) {
    this.#context = context;
    this.#index = context.index;
    this.#records = records;
  }

  collect(): Promise<CollectReport> {
    this.#underWay ??= this.#collect().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  /** Ends after the page that is being looked at. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#underWay?.catch(() => undefined);
  }

  async #collect(): Promise<CollectReport> {
    await this.#context.database.refresh();
    await this.#index.refresh();
    await this.#doomUnused();
    const blobs = await this.#buryDoomed();
    const uploads = await this.#records.removeExpired();
    const orphans = await this.#removeOrphans();
    return { blobs, orphans, uploads };
  }

  async #doomUnused(): Promise<void> {
    let after: string | undefined;
    while (!this.#closed) {
      const page = this.#index.blobs(after, PAGE);
      for (const blob of page) await this.#doomIfUnused(blob);
      after = page.at(-1);
      if (after === undefined) return;
      await setImmediate();
    }
  }

  async #doomIfUnused(blob: string): Promise<void> {
    let used = false;
    for (const reference of this.#index.references(blob)) {
      if (this.#isStale(blob, reference) && (await this.#index.forget(blob, reference))) continue;
      used = true;
    }
    if (!used) await this.#index.doom(blob, this.#context.now());
  }

  #isStale(blob: string, { at, path }: Reference): boolean {
    const { now, limits } = this.#context;
    return at < now() - limits.graceMs && readMediaNode(this.#context, path)?.blob !== blob;
  }

  async #buryDoomed(): Promise<number> {
    const { blobs, keys } = this.#context;
    const doomed = this.#index.doomed();
    for (const blob of doomed) {
      await blobs.delete(keys.blob(blob));
      for await (const { key } of blobs.list(keys.thumbnails(blob))) await blobs.delete(key);
      await this.#index.buried(blob);
    }
    return doomed.length;
  }

  /** What no entry of the index names, because a process died before it made one or after it removed it. */
  async #removeOrphans(): Promise<number> {
    const { blobs, keys, limits, now } = this.#context;
    if (now() - this.#searched < limits.graceMs || !(await this.#ownsStore())) return 0;
    this.#searched = now();
    const swept = await blobs.sweep(limits.graceMs);
    const files = await this.#removeUnknown(keys.blobs, (rest) => rest.split('/').at(-1));
    const thumbnails = await this.#removeUnknown(keys.thumbnails(), (rest) => rest.split('/', 1)[0]);
    return swept + files + thumbnails;
  }

  async #removeUnknown(prefix: string, blobOf: (rest: string) => string | undefined): Promise<number> {
    const { blobs, now, limits } = this.#context;
    const before = now() - limits.graceMs;
    let removed = 0;
    for await (const { key, modified } of blobs.list(prefix)) {
      const blob = blobOf(key.slice(prefix.length)) ?? '';
      if (this.#closed || modified >= before || !BLOB_ID.test(blob) || this.#index.has(blob)) continue;
      await blobs.delete(key);
      removed++;
    }
    return removed;
  }

  /** Whether the blobs are this database's: a server that is started on an empty folder must not clear the bucket of another. */
  async #ownsStore(): Promise<boolean> {
    const { blobs, keys, randomBytes, logger } = this.#context;
    const owner = await this.#index.owner(randomBytes(16).toString('hex'));
    const marked = await blobs.get(keys.owner);
    if (marked === null) {
      await blobs.put(keys.owner, sourceOf(Buffer.from(owner)), { contentType: 'text/plain' });
      return true;
    }
    if ((await text(marked.body)) === owner) return true;
    logger.warn({ key: keys.owner }, 'the blob store belongs to another database: nothing unknown is removed from it');
    return false;
  }
}
