import { BlobIndex } from './blob-index.js';
import { Collector } from './collector.js';
import { Downloads } from './downloads.js';
import type { Media } from './media.js';
import type { MediaContext } from './media-context.js';
import { MediaKeys } from './media-keys.js';
import { DEFAULT_MEDIA_LIMITS, type MediaOptions } from './media-options.js';
import { Rights } from './rights.js';
import { Thumbnails } from './thumbnails.js';
import { TusUploads } from './tus-uploads.js';
import { UploadRecords } from './upload-records.js';
import { Uploads } from './uploads.js';

/** Files and images of a database, over a blob store. Opens nothing; the first `collect` marks the store as belonging to this database. */
export function createMedia(options: MediaOptions): Media {
  const limits = { ...DEFAULT_MEDIA_LIMITS, ...options.limits };
  const context: MediaContext = {
    ...options,
    limits,
    index: new BlobIndex(options.tree),
    keys: new MediaKeys(options.database.name),
    rights: new Rights(options),
  };
  const records = new UploadRecords(context);
  const uploads = new Uploads(context);
  const downloads = new Downloads(context);
  const thumbnails = new Thumbnails(context, downloads);
  const tus = new TusUploads({ context, records, uploads });
  const collector = new Collector(context, records);
  return {
    blobs: options.blobs,
    images: options.images,
    uploads: tus,
    upload: (request) => uploads.upload(request),
    file: (principal, path) => downloads.file(principal, path),
    thumbnail: (principal, path, transform) => thumbnails.thumbnail(principal, path, transform),
    remove: (principal, path, condition) => uploads.remove(principal, path, condition),
    collect: () => collector.collect(),
    limit: (changed) => void Object.assign(limits, changed),
    close: () => collector.close(),
  };
}
