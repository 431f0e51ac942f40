import { BacksideError, type Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { ByteRange, OpenBlob } from './blob-store.js';
import { assertFilePath, type DescribedFile, findFile } from './described-file.js';
import type { MediaFile } from './media.js';
import type { MediaContext } from './media-context.js';

/** Files, for those who may read the node. */
export class Downloads {
  readonly #context: MediaContext;

  constructor(context: MediaContext) {
    this.#context = context;
  }

  async file(principal: Principal, path: Path): Promise<MediaFile> {
    const { node, record } = await this.find(principal, path);
    return {
      node,
      size: record.size,
      etag: record.hash,
      contentType: node.type,
      modified: record.claimed,
      open: (range) => this.open(node.blob, range),
    };
  }

  /** Rejects with `permission-denied` before it says whether there is a file. */
  async find(principal: Principal, path: Path): Promise<DescribedFile> {
    assertFilePath(path);
    this.#context.rights.assertRead(principal, path);
    const found = await findFile(this.#context, path);
    if (found === null) throw new BacksideError('not-found', 'there is no file');
    return found;
  }

  /** Rejects with `not-found` if the bytes have just been given up. */
  async open(blob: string, range?: ByteRange): Promise<OpenBlob> {
    const { blobs, keys } = this.#context;
    const opened = await blobs.get(keys.blob(blob), range);
    if (opened === null) throw new BacksideError('not-found', 'there is no file any more');
    return opened;
  }
}
