import type { Authorizer, Database } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { TreeReader } from '@backside/tree';
import type { BlobStore } from './blob-store.js';
import type { Images } from './images.js';

export interface MediaLimits {
  /** Of one file. */
  readonly maxFileBytes: number;
  /** How long an unfinished resumable upload is kept after its creation. */
  readonly uploadExpiryMs: number;
  /** How long bytes are kept that nothing refers to, and how long an upload may take between its last byte and its node. */
  readonly graceMs: number;
  /** Thumbnails that are kept of one image; further ones are made anew each time. */
  readonly maxThumbnails: number;
}

export const DEFAULT_MEDIA_LIMITS: MediaLimits = {
  maxFileBytes: 1024 * 1024 * 1024,
  uploadExpiryMs: 24 * 3_600_000,
  graceMs: 3_600_000,
  maxThumbnails: 32,
};

export interface MediaOptions {
  readonly database: Database;
  /** The rules of the database, for rights before the upload. */
  readonly authorizer: Authorizer;
  /** The state of the database, as the rules see it. */
  readonly reader: TreeReader;
  /** Where it is noted which node refers to which bytes: a part of the private namespace that nobody else uses. */
  readonly tree: PrivateTree;
  /** May be shared by several databases: keys begin with the name of the database. */
  readonly blobs: BlobStore;
  readonly images: Images;
  readonly limits?: Partial<MediaLimits>;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
}
