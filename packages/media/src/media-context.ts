import type { BlobIndex } from './blob-index.js';
import type { MediaKeys } from './media-keys.js';
import type { MediaLimits, MediaOptions } from './media-options.js';
import type { Rights } from './rights.js';

/** What the parts of a `Media` share. */
export interface MediaContext extends Omit<MediaOptions, 'limits' | 'tree'> {
  /** As they are now. */
  readonly limits: MediaLimits;
  readonly index: BlobIndex;
  readonly keys: MediaKeys;
  readonly rights: Rights;
}
