import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { BacksideError, type Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import { assertRange } from './blob-range.js';
import type { BlobInfo, ByteRange, OpenBlob } from './blob-store.js';
import { sourceOf } from './byte-source.js';
import type { DescribedFile } from './described-file.js';
import type { Downloads } from './downloads.js';
import { checkTransform } from './image-transform.js';
import type { ImageTransform } from './images.js';
import type { MediaFile } from './media.js';
import type { MediaContext } from './media-context.js';

/** A thumbnail as it is stored, or as it was just made. */
interface Thumbnail {
  readonly info: BlobInfo;
  /** Null if it is in the store. */
  readonly bytes: Buffer | null;
}

/** Pictures made of pictures, each once: those who ask for the same one meanwhile wait for it. */
export class Thumbnails {
  readonly #context: MediaContext;
  readonly #downloads: Downloads;
  readonly #making = new Map<string, Promise<Thumbnail>>();

  constructor(context: MediaContext, downloads: Downloads) {
    this.#context = context;
    this.#downloads = downloads;
  }

  async thumbnail(principal: Principal, path: Path, transform: ImageTransform): Promise<MediaFile> {
    checkTransform(transform, this.#context.images.limits);
    const file = await this.#downloads.find(principal, path);
    const variant = variantOf(transform);
    const { info, bytes } = await this.#make(file, variant, transform);
    return {
      node: file.node,
      size: info.size,
      etag: `${file.record.hash}-${variant}`,
      contentType: info.contentType,
      modified: file.record.claimed,
      open: (range) => (bytes === null ? this.#open(info.key, range) : openBytes(info, bytes, range)),
    };
  }

  #make(file: DescribedFile, variant: string, transform: ImageTransform): Promise<Thumbnail> {
    const key = `${this.#context.keys.thumbnails(file.node.blob)}${variant}`;
    const underWay = this.#making.get(key);
    if (underWay !== undefined) return underWay;
    const made = this.#findOrMake(key, file, transform).finally(() => this.#making.delete(key));
    this.#making.set(key, made);
    return made;
  }

  async #findOrMake(key: string, { node }: DescribedFile, transform: ImageTransform): Promise<Thumbnail> {
    const { blobs, images } = this.#context;
    const kept = await blobs.head(key);
    if (kept !== null) return { info: kept, bytes: null };
    const original = await this.#downloads.open(node.blob);
    const { bytes, info } = await images.transform(original.body, transform);
    const { contentType } = info;
    if (!(await this.#hasRoom(node.blob))) {
      const unstored = { key, size: bytes.length, modified: 0, etag: '', contentType };
      return { info: unstored, bytes };
    }
    return { info: await blobs.put(key, sourceOf(bytes), { contentType }), bytes };
  }

  async #hasRoom(blob: string): Promise<boolean> {
    const { blobs, keys, limits } = this.#context;
    let count = 0;
    for await (const _ of blobs.list(keys.thumbnails(blob))) if (++count >= limits.maxThumbnails) return false;
    return true;
  }

  async #open(key: string, range: ByteRange | undefined): Promise<OpenBlob> {
    const opened = await this.#context.blobs.get(key, range);
    if (opened === null) throw new BacksideError('not-found', 'there is no file any more');
    return opened;
  }
}

async function openBytes(info: BlobInfo, bytes: Buffer, range: ByteRange | undefined): Promise<OpenBlob> {
  if (range === undefined) return { info, body: Readable.from([bytes]) };
  assertRange(range, bytes.length);
  return { info, body: Readable.from([bytes.subarray(range.start, range.end + 1)]) };
}

/** Names a transform; different ones have different names, however they are written. */
function variantOf(transform: ImageTransform): string {
  const { width, height, fit = 'inside', format, quality, rotate = 0, enlarge = false, background } = transform;
  const { brightness = 0, contrast = 0 } = transform;
  const light = brightness === 0 && contrast === 0 ? [] : [brightness, contrast];
  const said = [width, height, fit, format, quality, rotate, enlarge, background, ...light];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32);
}
